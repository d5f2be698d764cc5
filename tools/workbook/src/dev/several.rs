//! Several looks at once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;

use crate::checkout::Checkout;

/// Looks at each, a few at a time: two are built (each of the checkouts that `look` gets has a
/// target directory of its own), and others run meanwhile. What is found is in the order of `all`.
pub fn several_at_once<T: Copy + Sync, F: Send>(
    checkout: &Checkout,
    all: &[T],
    look: impl Fn(&Checkout, T) -> Result<Option<F>> + Sync,
) -> Result<Vec<F>> {
    // For each of the two: one is built, and others run, or wait for a time limit.
    const AT_ONCE: usize = 4;
    let next = AtomicUsize::new(0);
    let found: Vec<Mutex<Result<Option<F>>>> = all.iter().map(|_| Mutex::new(Ok(None))).collect();
    let work = |checkout: &Checkout| {
        while let Some(place) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|place| *place < all.len()) {
            *found[place].lock().expect("each is locked once") = look(checkout, all[place]);
        }
    };
    let beside = checkout.beside();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| work(checkout));
            scope.spawn(|| work(&beside));
        }
    });
    let each = found.into_iter().map(|one| one.into_inner().expect("each is locked once"));
    each.filter_map(Result::transpose).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_at_once_the_problems_come_in_order_and_an_error_is_no_problem_less() {
        let checkout = Checkout::open("/nowhere");
        let odd = |_: &Checkout, number: i32| Ok((number % 2 == 1).then(|| number.to_string()));
        let all: Vec<i32> = (0..9).collect();
        assert_eq!(several_at_once(&checkout, &all, odd).expect("no error"), ["1", "3", "5", "7"]);
        let fails = |_: &Checkout, number: i32| if number == 3 { anyhow::bail!("three") } else { Ok(None::<String>) };
        assert!(several_at_once(&checkout, &all, fails).is_err());
        assert!(several_at_once(&checkout, &[] as &[i32], odd).expect("no error").is_empty());
    }
}
