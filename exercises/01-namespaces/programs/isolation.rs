//! The program around an answer to exercise 1.7. `cargo wb check 1.7` builds it and runs it in the lab.

use given::checked;

include!(concat!(env!("OUT_DIR"), "/isolation.rs"));

/// Arguments: the kinds of namespaces.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let kinds: Vec<&str> = arguments.iter().map(String::as_str).collect();
    checked::ready(given::user_namespace);
    checked::returned(answers::isolation::isolate(&kinds))
}
