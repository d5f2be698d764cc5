//! diagnosis: other-name
//! made by: whoever moves it as it is.

use anyhow::{Context, Result};
use nix::unistd::Pid;

pub fn plug_in(container: Pid, bridge: &str) -> Result<()> {
    let (outer, inner) = (format!("veth{container}"), format!("peer{container}"));
    given::add_veth(&outer, &inner).context("making a pair")?;
    given::move_link(&inner, container, &inner).context("moving one end")?;
    given::set_master(&outer, bridge).context("plugging the other one in")?;
    given::link_up(&outer).context("setting it up")
}
