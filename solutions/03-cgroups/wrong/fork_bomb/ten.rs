//! diagnosis: counted
//! made by: whoever is careful.

use anyhow::Result;
use nix::unistd::{ForkResult, pause};

pub fn fork_bomb() -> Result<()> {
    for _ in 0..9 {
        match given::fork() {
            Ok(ForkResult::Child) => loop {
                pause();
            },
            other => drop(other?),
        }
    }
    Ok(())
}
