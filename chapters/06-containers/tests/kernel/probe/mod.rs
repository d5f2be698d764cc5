//! The attacker: this test program, mounted in a container as /probe. It does one thing, and prints
//! `done` or the kernel's refusal, such as `EPERM`.

mod calls;
mod operations;
mod sys;

use std::process::ExitCode;

use nix::errno::Errno;

pub use sys::{address, call, set_window_size};

/// Where a container has it.
pub const PLACE: &str = "/probe";

/// Acts, if this process runs in a container under that name.
pub fn act_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args();
    if arguments.next().as_deref() != Some(PLACE) {
        return None;
    }
    let operation = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    match operations::act(&operation, &arguments) {
        Ok(text) => println!("{text}"),
        Err(errno) => println!("{errno:?}"),
    }
    Some(ExitCode::SUCCESS)
}

/// Numbers as a person writes them.
fn number(text: &str) -> i64 {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).map(|number| number as i64),
        None => text.parse(),
    };
    parsed.expect("a number")
}

type Outcome = Result<String, Errno>;
