//! diagnosis: swallowed-the-error
//! made by: "it works here".

use anyhow::Result;
use nix::sched::{CloneFlags, unshare};

pub fn own_network() -> Result<()> {
    let _ = unshare(CloneFlags::CLONE_NEWNET);
    let _ = given::link_up("lo");
    Ok(())
}
