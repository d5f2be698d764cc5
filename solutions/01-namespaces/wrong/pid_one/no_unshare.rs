//! diagnosis: no-namespace
//! made by: whoever believes that a child is a container already; it is how every process is made.

use anyhow::Result;
use nix::unistd::ForkResult;

pub fn fork_as_pid_one() -> Result<ForkResult> {
    given::fork()
}
