//! diagnosis: port-down
//! made by: whoever takes it for the bridge to set its ports up.

use anyhow::{Context, Result};
use nix::unistd::Pid;

pub fn plug_in(container: Pid, bridge: &str) -> Result<()> {
    let (outer, inner) = (format!("veth{container}"), format!("peer{container}"));
    given::add_veth(&outer, &inner).context("making a pair")?;
    given::move_link(&inner, container, "eth0").context("moving one end")?;
    given::set_master(&outer, bridge).context("plugging the other one in")
}
