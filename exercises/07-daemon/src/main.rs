//! The checks of this chapter, for `cargo wb`: see `checker::main`.

use std::process::ExitCode;

fn main() -> ExitCode {
    checker::main(exercises_07_daemon::CHECKS)
}
