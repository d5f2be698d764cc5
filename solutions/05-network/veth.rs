//! Exercise 5.2b: a cable into the container.
//!
//! A veth pair is a cable. One end is plugged into the bridge, the other one is the container's
//! `eth0`. Read veth(4); check with `cargo wb check 5.2b`.

use anyhow::{Context, Result};
use nix::unistd::Pid;

/// Connects the process `container`, which is in a network namespace of its own, to the bridge
/// called `bridge`. In the container the cable's end is called `eth0`, and is down. The other end
/// is up.
///
/// When the container ends, no interface of it is left, also if this has failed.
///
/// Fails, saying which step failed, when the kernel refuses one.
pub fn plug_in(container: Pid, bridge: &str) -> Result<()> {
    // wb:answer
    // Process numbers have seven digits at most, and names 15 bytes.
    let (outer, inner) = (format!("veth{container}"), format!("peer{container}"));
    given::add_veth(&outer, &inner).with_context(|| format!("RTM_NEWLINK: making the pair {outer} and {inner}"))?;
    // From here on it goes with the container.
    given::move_link(&inner, container, "eth0")
        .with_context(|| format!("RTM_NEWLINK: moving {inner} into the container"))?;
    given::set_master(&outer, bridge).with_context(|| format!("RTM_NEWLINK: plugging {outer} into {bridge}"))?;
    given::link_up(&outer).with_context(|| format!("RTM_NEWLINK: setting {outer} up"))
    // wb:starter
    // todo!("a pair with names of its own; one end goes inside, the other one into the bridge")
    // wb:end
}
