//! diagnosis: lo-down
//! made by: whoever takes "set lo up" for a property of the machine, and does it before moving.

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn own_network() -> Result<()> {
    given::link_up("lo").context("setting lo up")?;
    unshare(CloneFlags::CLONE_NEWNET).context("unshare(CLONE_NEWNET)")
}
