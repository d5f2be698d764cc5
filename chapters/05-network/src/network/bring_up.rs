//! A network that is used: its bridge, its rules.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use ch01_namespaces::{explain, report};
use nix::errno::Errno;

use super::Network;
use crate::firewall::{self, docker, rules};
use crate::netlink::{Bridge, Link, Netlink};
use crate::rootless::owns_network_namespace;
use crate::steps;

// ANCHOR: bring_up
/// Makes the network's bridge, or what is missing of it, and returns its index. The caller holds
/// the lock of the networks. `netlink` is a socket of the bridge's network namespace, and
/// `set_rules` sets the rules in this namespace.
///
/// The bridge is set up last. So a bridge that is up is whole, and one that is down was left by a
/// command that was killed: each step can be done again.
pub fn bring_up(network: &Network, netlink: &Netlink, set_rules: impl FnOnce() -> Result<()>) -> Result<u32> {
    let name = &network.bridge;
    let found = match observe(network, netlink)? {
        Found::Nothing => None,
        Found::Ours(link) if link.is_up => return Ok(link.index),
        Found::Ours(link) => Some(link.index),
        Found::Foreign(link) => return Err(foreign(network, &link)),
    };
    let made = match found {
        Some(index) => Ok(index),
        None => netlink.create_bridge(&Bridge { name, mtu: network.mtu }),
    };
    let made = made.and_then(|index| {
        netlink.set_alias((index, name), &alias(network))?;
        let address = network.with_prefix(network.gateway);
        if !netlink.addresses_of(index)?.contains(&address) {
            netlink.add_address((index, name), address)?;
        }
        set_rules()?;
        netlink.set_up(name)
    });
    if made.is_err() && found.is_none() {
        let _ = netlink.remove_link(name);
    }
    made.with_context(|| format!("cannot bring the network {} up", network.name))
}
// ANCHOR_END: bring_up

/// What has the name of a network's bridge.
enum Found {
    Nothing,
    Ours(Link),
    Foreign(Link),
}

/// Ours has our alias. The kernel doesn't take an alias in the message that makes a bridge, so a
/// command that was killed in between leaves one without: it is down and has neither ports nor
/// addresses, and whoever has made such a one loses nothing by our taking it.
fn observe(network: &Network, netlink: &Netlink) -> Result<Found> {
    let Some(link) = netlink.link(&network.bridge)? else { return Ok(Found::Nothing) };
    let is_ours = match &link.alias {
        Some(found) => *found == alias(network),
        None => !link.is_up && !link.has_ports && netlink.addresses_of(link.index)?.is_empty(),
    };
    Ok(if link.is_bridge && is_ours { Found::Ours(link) } else { Found::Foreign(link) })
}

fn alias(network: &Network) -> String {
    format!("coracle network {} {}", network.name, network.id)
}

fn foreign(network: &Network, link: &Link) -> anyhow::Error {
    let Network { name, bridge, .. } = network;
    let whose = match &link.alias {
        Some(alias) if alias.starts_with("coracle network ") => "a network of another data root has it",
        _ => "Coracle didn't make it, or an earlier version did",
    };
    anyhow!(
        "the interface {bridge} is there, and is not the bridge of the network {name}\ncause: {whose}\n\
         cure: remove the containers on {name}, then: network rm {name}, and use or create it again; \
         or if nobody uses the interface: ip link delete {bridge}"
    )
}

/// In a user's own network namespace nobody else has bridges: what isn't ours is left of a network
/// that was removed (`network rm` can't go there).
///
/// Such a network had no container any more. But the kernel removes the network namespace of a
/// container that has ended in the background, so its end of a veth pair may still be a port.
pub fn remove_stale(network: &Network, netlink: &Netlink) -> Result<()> {
    for _ in 0..TRIES {
        match observe(network, netlink)? {
            Found::Foreign(link) if link.has_ports => sleep(PAUSE),
            Found::Foreign(_) => return netlink.remove_link(&network.bridge),
            _ => return Ok(()),
        }
    }
    Ok(())
}

/// Two seconds in all.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// The network's rules, and that packets are passed on, in this process's network namespace.
pub fn set_rules(network: &Network) -> Result<()> {
    if !firewall::is_available() {
        return without_rules(network);
    }
    firewall::apply(&steps::SET_RULES, &rules::network(network))?;
    if network.internal {
        return Ok(());
    }
    forward()?;
    docker::let_through(&network.bridge)
}

/// Containers reach each other and the machine, and published ports have their proxy. An internal
/// network would only be called so.
fn without_rules(network: &Network) -> Result<()> {
    let Network { name, bridge, internal, .. } = network;
    if *internal {
        bail!("--internal needs rules\ncause: nft is missing\ncure: apt install nftables");
    }
    report(&anyhow!(
        "containers on {bridge} can't reach other machines, and other networks aren't kept from them\n\
         cause: nft is missing\n\
         cure: apt install nftables; then, without containers on it: network rm {name}, and create it again"
    ));
    Ok(())
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

/// Removes the bridge and the rules in our own network namespace, if they are ours. A user's go
/// with the process that keeps them.
pub fn take_down(network: &Network) -> Result<()> {
    if !owns_network_namespace() {
        return Ok(());
    }
    let netlink = Netlink::open()?;
    match observe(network, &netlink)? {
        Found::Foreign(_) => return Ok(()),
        Found::Ours(_) => netlink.remove_link(&network.bridge)?,
        // It may have been removed by a command that was killed before it removed the rules.
        Found::Nothing => {}
    }
    docker::forget(&network.bridge);
    if !firewall::is_available() {
        return Ok(());
    }
    firewall::apply(&steps::SET_RULES, &rules::remove_network(&network.bridge))
}
