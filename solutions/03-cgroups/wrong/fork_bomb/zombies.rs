//! diagnosis: zombies
//! made by: whoever doesn't know what the child should do, and lets it end.

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::unistd::ForkResult;

pub fn fork_bomb() -> Result<()> {
    loop {
        match given::fork() {
            Ok(ForkResult::Child) => given::exit(0),
            Ok(ForkResult::Parent { .. }) => {}
            Err(error) if error.downcast_ref() == Some(&Errno::EAGAIN) => return Ok(()),
            Err(error) => return Err(error).context("not the limit"),
        }
    }
}
