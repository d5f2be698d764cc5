//! diagnosis: hosts-network
//! made by: PITFALLS.md: namespaces are a thread's, and the thread has ended.

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn own_network() -> Result<()> {
    std::thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET).context("unshare(CLONE_NEWNET)")?;
        given::link_up("lo").context("setting lo up")
    })
    .join()
    .expect("the thread")
}
