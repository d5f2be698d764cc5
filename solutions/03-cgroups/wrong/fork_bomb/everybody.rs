//! diagnosis: children-come-back
//! made by: whoever has the shell's `:(){ :|:& };:` in mind, where each calls itself again.

use anyhow::{Context, Result};
use nix::errno::Errno;

pub fn fork_bomb() -> Result<()> {
    loop {
        match given::fork() {
            Ok(_) => {}
            Err(error) if error.downcast_ref() == Some(&Errno::EAGAIN) => return Ok(()),
            Err(error) => return Err(error).context("not the limit"),
        }
    }
}
