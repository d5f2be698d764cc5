//! Numbers that no answer can know beforehand.

use std::hash::{BuildHasher, RandomState};

/// A number from `range`.
pub fn within(range: std::ops::Range<u32>) -> u32 {
    let (from, many) = (u64::from(range.start), u64::from(range.end - range.start));
    // The standard library seeds each state from the kernel's random numbers.
    (from + RandomState::new().hash_one(0) % many) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_range_and_differ() {
        let numbers: Vec<u32> = (0..100).map(|_| within(1000..60_000)).collect();
        assert!(numbers.iter().all(|number| (1000..60_000).contains(number)));
        assert!(numbers.iter().any(|number| *number != numbers[0]));
    }
}
