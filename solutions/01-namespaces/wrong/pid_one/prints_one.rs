//! diagnosis: none
//! made by: whoever believes that a checker reads what a program prints.

use anyhow::Result;
use nix::unistd::ForkResult;

pub fn fork_as_pid_one() -> Result<ForkResult> {
    println!("1");
    Ok(ForkResult::Child)
}
