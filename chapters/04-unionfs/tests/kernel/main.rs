//! Chapter 4 against the real kernel, each case in a process and a lab of its own.

mod archives;
mod incoming;
mod layers;
mod running;
mod trees;
mod union;

use std::process::ExitCode;

fn main() -> ExitCode {
    testkit::run([union::cases(), layers::cases(), incoming::cases()].concat())
}
