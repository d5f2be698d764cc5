//! The checks of this chapter, for `cargo wb`: see `checker::main`.

use std::process::ExitCode;

use exercises_05_network::{CHECKS, inside};

fn main() -> ExitCode {
    inside::run_if_asked();
    checker::main(CHECKS)
}
