//! The program around an answer to exercise 1.4. `cargo wb check 1.4` builds it and runs it in the
//! lab.

use anyhow::{Context, Result};
use given::checked;

include!(concat!(env!("OUT_DIR"), "/ids.rs"));

/// Arguments: the user id and the group id that the caller has, and whether there is `room` for a
/// user namespace.
fn main() {
    checked::ready(|| {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let id = |place: usize| -> Result<u32> { arguments.get(place).context("an id")?.parse().context("an id") };
        checked::as_somebody(id(0)?, id(1)?, arguments.get(2).is_some_and(|word| word == "room"))
    });
    checked::returned(answers::ids::become_root())
}
