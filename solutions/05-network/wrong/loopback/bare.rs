//! diagnosis: bare-errno
//! made by: every first version with `?`.

use anyhow::Result;
use nix::sched::{CloneFlags, unshare};

pub fn own_network() -> Result<()> {
    unshare(CloneFlags::CLONE_NEWNET)?;
    Ok(given::link_up("lo")?)
}
