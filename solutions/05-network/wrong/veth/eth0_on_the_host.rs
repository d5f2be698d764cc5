//! diagnosis: name-taken
//! made by: guides that make the pair with its final names.

use anyhow::{Context, Result};
use nix::unistd::Pid;

pub fn plug_in(container: Pid, bridge: &str) -> Result<()> {
    let outer = format!("veth{container}");
    given::add_veth(&outer, "eth0").context("making a pair")?;
    given::move_link("eth0", container, "eth0").context("moving one end")?;
    given::set_master(&outer, bridge).context("plugging the other one in")?;
    given::link_up(&outer).context("setting it up")
}
