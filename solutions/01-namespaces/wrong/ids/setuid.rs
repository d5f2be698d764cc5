//! diagnosis: no-namespace
//! made by: whoever reads "become root" as setuid(0).

use anyhow::{Context, Result};
use nix::unistd::{Gid, Uid, setgid, setuid};

pub fn become_root() -> Result<()> {
    setgid(Gid::from_raw(0)).context("setgid(0)")?;
    setuid(Uid::from_raw(0)).context("setuid(0)")
}
