//! `cargo wb hint [ID]`: one more each time.

use anyhow::Result;

use doctor::paragraph;

use super::named_or_next;
use crate::checkout::Checkout;
use crate::paint::Paint;
use crate::progress::Progress;
use crate::{Exit, print};

pub fn run(checkout: &Checkout, id: Option<&str>) -> Result<Exit> {
    let mut progress = Progress::load(checkout)?;
    let exercise = named_or_next(checkout, &progress, id)?;
    let (text, shown) = hints(exercise.id, exercise.hints, progress.hints_shown(exercise), Paint::for_stdout());
    progress.show_hints(exercise, shown);
    progress.save(checkout)?;
    print(&text)?;
    Ok(Exit::Well)
}

/// The hints seen so far and one more; and how many that makes.
fn hints(id: &str, all: &[&str], seen: usize, paint: Paint) -> (String, usize) {
    let shown = (seen + 1).min(all.len());
    let mut out = String::new();
    for (number, hint) in (1..).zip(&all[..shown]) {
        let heading = format!("Hint {number} of {}", all.len());
        let heading = if number == shown { paint.strong(heading) } else { paint.faint(heading) };
        out.push_str(&format!("{heading}\n{}\n", paragraph(hint, "    ")));
    }
    out.push_str(&if shown < all.len() {
        format!("One more: cargo wb hint {id}\n")
    } else {
        format!("That was the last one. The solution: cargo wb solution {id}\n")
    });
    (out, shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_more_each_time_until_all_are_shown() {
        let all = ["first", "second"];
        let (text, seen) = hints("1.2", &all, 0, Paint::never());
        assert!(text.contains("first") && !text.contains("second") && text.contains("cargo wb hint 1.2"));
        let (text, seen) = hints("1.2", &all, seen, Paint::never());
        assert!(text.contains("first") && text.contains("second") && text.contains("cargo wb solution 1.2"));
        assert_eq!(hints("1.2", &all, seen, Paint::never()).1, 2);
    }
}
