//! Exercise 5.2b: connect a container to a bridge.
//!
//! A veth pair is a virtual cable. One end becomes a port of the bridge, the other end becomes the
//! container's `eth0`. Read veth(4). Check with `cargo wb check 5.2b`.

use anyhow::{Context, Result};
use nix::unistd::Pid;

/// Connects the process `container`, which is in its own network namespace, to the bridge called
/// `bridge`. The end in the container is called `eth0` and is down. The other end is up.
///
/// When the container has ended, no interface of it is left, even if this function has failed.
///
/// Returns an error that names the step if the kernel refuses one.
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
    // todo!("make a pair with unique names; move one end into the container, attach the other")
    // wb:end
}
