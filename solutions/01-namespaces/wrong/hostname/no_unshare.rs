//! diagnosis: renamed-the-host
//! made by: whoever tries `sethostname` as root first, since it works: the machine has a new name,
//! and "hostname" in the container's shell shows the one that was asked for.

use anyhow::{Context, Result};
use nix::unistd::sethostname;

pub fn own_hostname(name: &str) -> Result<()> {
    sethostname(name).with_context(|| format!("sethostname({name:?})"))
}
