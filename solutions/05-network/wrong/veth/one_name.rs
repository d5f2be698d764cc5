//! diagnosis: same-name-twice
//! made by: guides that show one container: veth0 and veth1.

use anyhow::{Context, Result};
use nix::unistd::Pid;

pub fn plug_in(container: Pid, bridge: &str) -> Result<()> {
    given::add_veth("veth0", "veth1").context("making a pair")?;
    given::move_link("veth1", container, "eth0").context("moving one end")?;
    given::set_master("veth0", bridge).context("plugging the other one in")?;
    given::link_up("veth0").context("setting it up")
}
