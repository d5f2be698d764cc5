//! The program around an answer to exercise 6.11. `cargo wb check 6.11` builds it and runs it in
//! the lab. It is its own command, too: with `--as`.

use std::ffi::OsString;

use given::checked;

include!(concat!(env!("OUT_DIR"), "/no_new_privs.rs"));

fn main() {
    if std::env::args().nth(1).as_deref() == Some("--as") {
        checked::stay_as("the command");
    }
    checked::ready(|| Ok(()));
    let command: [OsString; 2] = ["/proc/self/exe".into(), "--as".into()];
    checked::returned_number(answers::no_new_privs::start_locked(&command).map(|child| child.as_raw()))
}
