//! A network that is used: its bridge, its rules.

use anyhow::{Context, Result, bail};
use ch01_namespaces::explain;
use nix::errno::Errno;

use super::Network;
use crate::firewall::{self, docker, rules};
use crate::netlink::{Bridge, Netlink};
use crate::rootless::owns_network_namespace;
use crate::steps;

// ANCHOR: bring_up
/// Makes the network's bridge if it doesn't exist, and returns its index. The caller holds the lock
/// of the networks. `netlink` is a socket of the bridge's network namespace, and `set_rules` sets
/// the rules in this namespace.
pub fn bring_up(network: &Network, netlink: &Netlink, set_rules: impl FnOnce() -> Result<()>) -> Result<u32> {
    if let Some(index) = netlink.link_index(&network.bridge)? {
        return Ok(index);
    }
    let made = netlink.create_bridge(&Bridge { name: &network.bridge, mtu: network.mtu });
    let made = made.and_then(|index| {
        netlink.add_address((index, &network.bridge), network.with_prefix(network.gateway))?;
        netlink.set_up(&network.bridge)?;
        set_rules()?;
        Ok(index)
    });
    if made.is_err() {
        let _ = netlink.remove_link(&network.bridge);
    }
    made.with_context(|| format!("cannot bring the network {} up", network.name))
}
// ANCHOR_END: bring_up

/// The network's rules, and that packets are passed on, in this process's network namespace.
pub fn set_rules(network: &Network) -> Result<()> {
    if !firewall::is_available() {
        // Containers reach each other and the machine, and published ports have their proxy.
        return Ok(());
    }
    firewall::apply(&steps::SET_RULES, &rules::network(network))?;
    if network.internal {
        return Ok(());
    }
    forward()?;
    docker::let_through(&network.bridge)
}

/// Lets this machine pass packets on. (The setting belongs to the network namespace:
/// ip-sysctl.rst.)
fn forward() -> Result<()> {
    const FILE: &str = "/proc/sys/net/ipv4/ip_forward";
    if std::fs::read_to_string(FILE).is_ok_and(|value| value.trim() == "1") {
        return Ok(());
    }
    let written = std::fs::write(FILE, "1").map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)));
    let args = || vec![FILE.into(), "1".into()];
    explain::report(&steps::FORWARD, "write", args, written).or_else(|error| {
        bail!("{error:#}\ncause: /proc/sys is read-only here\ncure: as root: sysctl -w net.ipv4.ip_forward=1")
    })
}

/// The bridge and the rules in our own network namespace. A user's go with the process that keeps
/// them.
pub fn take_down(network: &Network) -> Result<()> {
    if !owns_network_namespace() {
        return Ok(());
    }
    Netlink::open()?.remove_link(&network.bridge)?;
    docker::forget(&network.bridge);
    if !firewall::is_available() {
        return Ok(());
    }
    firewall::apply(&steps::SET_RULES, &rules::remove_network(&network.bridge))
}
