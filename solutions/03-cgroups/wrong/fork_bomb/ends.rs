//! diagnosis: they-end
//! made by: whoever starts true, a thousand times.

use anyhow::Result;
use nix::unistd::ForkResult;

pub fn fork_bomb() -> Result<()> {
    for _ in 0..100 {
        match given::fork()? {
            ForkResult::Child => given::exit(0),
            ForkResult::Parent { child } => given::wait(child)?,
        };
    }
    Ok(())
}
