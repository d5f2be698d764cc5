//! The program around an answer to exercise 1.12. `cargo wb check 1.12` builds it and runs it in
//! the lab.
//!
//! For a look of one's own there is a second way to call it: kinds, `--`, and a command to run
//! after the call.

use std::ffi::OsString;

use anyhow::Result;
use given::checked;
use nix::unistd::ForkResult;

include!(concat!(env!("OUT_DIR"), "/isolation.rs"));

/// Arguments: the kinds of namespaces; by hand also `--` and a command.
fn main() -> Result<()> {
    let mut kinds: Vec<String> = std::env::args().skip(1).collect();
    if let Some(place) = kinds.iter().position(|argument| argument == "--") {
        let command: Vec<OsString> = kinds.drain(place..).skip(1).map(OsString::from).collect();
        return by_hand(&borrowed(&kinds), &command);
    }
    checked::ready(given::user_namespace);
    checked::returned(answers::isolation::isolate(&borrowed(&kinds)))
}

fn borrowed(kinds: &[String]) -> Vec<&str> {
    kinds.iter().map(String::as_str).collect()
}

/// The command is a child: processes and clocks are new for children only.
fn by_hand(kinds: &[&str], command: &[OsString]) -> Result<()> {
    given::user_namespace()?;
    answers::isolation::isolate(kinds)?;
    match given::fork()? {
        ForkResult::Child => match given::exec(command) {
            Err(error) => {
                eprintln!("{error:#}");
                given::exit(127)
            }
        },
        ForkResult::Parent { child } => given::exit(given::wait(child)?),
    }
}
