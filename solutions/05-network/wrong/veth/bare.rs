//! diagnosis: bare-errno
//! made by: every first version with \`?\`.

use anyhow::Result;
use nix::unistd::Pid;

pub fn plug_in(container: Pid, bridge: &str) -> Result<()> {
    let (outer, inner) = (format!("veth{container}"), format!("peer{container}"));
    given::add_veth(&outer, &inner)?;
    given::move_link(&inner, container, "eth0")?;
    given::set_master(&outer, bridge)?;
    Ok(given::link_up(&outer)?)
}
