//! The program around an answer to exercise 5.1. `cargo wb check 5.1` builds it and runs it in the
//! lab.

use given::checked;

include!(concat!(env!("OUT_DIR"), "/loopback.rs"));

/// Arguments: `somebody`, to be nobody who may make namespaces.
fn main() {
    let is_somebody = std::env::args().nth(1).as_deref() == Some("somebody");
    checked::ready(|| if is_somebody { checked::as_somebody(1000, 1000, false) } else { Ok(()) });
    checked::returned(answers::loopback::own_network())
}
