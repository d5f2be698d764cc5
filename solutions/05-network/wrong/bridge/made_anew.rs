//! diagnosis: made-anew
//! made by: set-up scripts that begin with `ip link delete br0 2>/dev/null`.

use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

pub fn bridge(name: &str, gateway: Ipv4Addr, prefix: u8) -> Result<()> {
    let mut delete = Command::new("ip");
    let _ = delete.args(["link", "delete", name]).stdin(Stdio::null()).stderr(Stdio::null()).status();
    given::add_bridge(name).context("making the bridge")?;
    given::add_address(name, gateway, prefix).context("giving it an address")?;
    given::link_up(name).context("setting it up")
}
