//! Names for containers that nobody named.

use anyhow::{Result, bail};
use ch01_namespaces::new_id;

const FIRST: [&str; 32] = [
    "amber", "brave", "calm", "clever", "coral", "eager", "early", "fair", "fleet", "foggy", "gentle", "grand",
    "happy", "hidden", "keen", "kind", "late", "light", "lucky", "mellow", "merry", "misty", "noble", "quick", "quiet",
    "salty", "silver", "steady", "sunny", "swift", "tidal", "windy",
];

const SECOND: [&str; 32] = [
    "anchor", "barge", "beacon", "buoy", "canoe", "clipper", "coracle", "cutter", "dinghy", "dory", "ferry", "galley",
    "gull", "harbour", "heron", "kayak", "keel", "ketch", "lugger", "otter", "paddle", "pilot", "punt", "raft",
    "rudder", "sailor", "schooner", "skiff", "sloop", "tender", "trawler", "yawl",
];

/// A name that `is_taken` doesn't know.
pub fn random_name(is_taken: impl Fn(&str) -> bool) -> Result<String> {
    for attempt in 0..64 {
        let id = new_id()?;
        let number = |range: std::ops::Range<usize>| usize::from_str_radix(&id[range], 16).unwrap_or_default();
        let name = format!("{}_{}", FIRST[number(0..4) % FIRST.len()], SECOND[number(4..8) % SECOND.len()]);
        // Where many are taken, a number makes it another one.
        let name = if attempt < 8 { name } else { format!("{name}{}", number(8..12) % 10_000) };
        if !is_taken(&name) {
            return Ok(name);
        }
    }
    bail!("no free name was found in 64 tries: give one with --name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_is_not_given_again() {
        let first = random_name(|_| false).unwrap();
        assert!(first.contains('_'));
        let other = random_name(|name| !name.ends_with(|c: char| c.is_ascii_digit())).unwrap();
        assert!(other.ends_with(|c: char| c.is_ascii_digit()));
        assert!(random_name(|_| true).is_err());
    }
}
