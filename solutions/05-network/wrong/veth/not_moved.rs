//! diagnosis: still-on-the-host
//! made by: whoever leaves out the step for which nothing is told.

use anyhow::{Context, Result};
use nix::unistd::Pid;

pub fn plug_in(container: Pid, bridge: &str) -> Result<()> {
    let (outer, inner) = (format!("veth{container}"), format!("peer{container}"));
    given::add_veth(&outer, &inner).context("making a pair")?;
    given::set_master(&outer, bridge).context("plugging one end in")?;
    given::link_up(&outer).context("setting it up")
}
