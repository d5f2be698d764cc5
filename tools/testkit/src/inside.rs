//! The side of the process that is the case, in its lab.

use std::ffi::OsString;
use std::io::Write;
use std::panic::catch_unwind;

use crate::case::Case;
use crate::skip::{Needs, SKIPPED};
use crate::sys;

/// `argv[1]` of a process that is to be a case; its name follows, then the token that marks the
/// reason of a skip.
pub(crate) const CASE: &str = "--coracle-case";

/// The exit status of a failed case: that of a Rust program that panicked.
const FAILED: i32 = 101;

/// Runs the case that the harness asked for, if it did, and doesn't return then.
pub(crate) fn turn_off_if_asked(cases: &[Case]) {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != CASE) {
        return;
    }
    let mut text = || arguments.next().map(OsString::into_string).and_then(Result::ok).unwrap_or_default();
    let (name, token) = (text(), text());
    // No name: the harness wants to know whether labs can be entered at all.
    let Some(case) = cases.iter().find(|case| case.name() == name) else {
        std::process::exit(if name.is_empty() { 0 } else { FAILED });
    };
    // What the caller of `cargo test` happened to have open is no business of the programs that the
    // case starts.
    sys::close_on_exec_from(3);
    sys::default_signals();
    std::process::exit(match catch_unwind(case.body) {
        Ok(Ok(())) => 0,
        Ok(Err(error)) => match error.downcast_ref::<Needs>() {
            Some(needs) => {
                // In one write, so that no other line comes between the token and the reason.
                let line = format!("{token}{needs}\n");
                let _ = std::io::stderr().write_all(line.as_bytes());
                SKIPPED
            }
            None => {
                // Without anyhow's backtrace, in which the one line that says what is wrong gets lost.
                eprintln!("Error: {error:#}");
                FAILED
            }
        },
        // The panic's message is out already.
        Err(_) => FAILED,
    })
}
