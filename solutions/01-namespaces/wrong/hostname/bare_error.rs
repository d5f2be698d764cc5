//! diagnosis: bare-errno
//! made by: every first version with `?`: it compiles, and a user reads "EINVAL: Invalid argument".

use anyhow::Result;
use nix::sched::{CloneFlags, unshare};
use nix::unistd::sethostname;

pub fn own_hostname(name: &str) -> Result<()> {
    unshare(CloneFlags::CLONE_NEWUTS)?;
    sethostname(name)?;
    Ok(())
}
