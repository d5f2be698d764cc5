//! diagnosis: swallowed-the-error
//! made by: whoever finds the result of the last step unimportant.

use anyhow::{Context, Result};
use nix::unistd::Pid;

pub fn plug_in(container: Pid, bridge: &str) -> Result<()> {
    let (outer, inner) = (format!("veth{container}"), format!("peer{container}"));
    given::add_veth(&outer, &inner).context("making a pair")?;
    given::move_link(&inner, container, "eth0").context("moving one end")?;
    let _ = given::set_master(&outer, bridge);
    given::link_up(&outer).context("setting it up")
}
