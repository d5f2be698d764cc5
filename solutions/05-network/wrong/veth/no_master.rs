//! diagnosis: not-plugged-in
//! made by: two ends, and both are up: it looks complete.

use anyhow::{Context, Result};
use nix::unistd::Pid;

pub fn plug_in(container: Pid, _bridge: &str) -> Result<()> {
    let (outer, inner) = (format!("veth{container}"), format!("peer{container}"));
    given::add_veth(&outer, &inner).context("making a pair")?;
    given::move_link(&inner, container, "eth0").context("moving one end")?;
    given::link_up(&outer).context("setting the other one up")
}
