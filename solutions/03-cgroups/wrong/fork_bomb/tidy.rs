//! diagnosis: cleaned-up
//! made by: whoever was brought up well.

use anyhow::Result;
use nix::unistd::{ForkResult, pause};

pub fn fork_bomb() -> Result<()> {
    let mut children = Vec::new();
    loop {
        match given::fork() {
            Ok(ForkResult::Child) => loop {
                pause();
            },
            Ok(ForkResult::Parent { child }) => children.push(child),
            Err(_) => break,
        }
    }
    for child in children {
        nix::sys::signal::kill(child, nix::sys::signal::Signal::SIGKILL)?;
        given::wait(child)?;
    }
    Ok(())
}
