//! Which addresses a new network has.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, bail, ensure};
use ipnet::Ipv4Net;

use super::Network;
use super::store::{DEFAULT, Wishes};
use crate::netlink::Netlink;

/// The longest name of an interface: IFNAMSIZ with its final zero byte, in linux/if.h.
const LONGEST_NAME: usize = 15;

/// What is taken on this machine, by whomever.
#[derive(Debug, Default)]
pub struct Machine {
    /// The subnets that it has addresses in or routes to.
    pub subnets: Vec<Ipv4Net>,
    /// The names of its interfaces.
    pub interfaces: Vec<String>,
}

impl Machine {
    /// As it is now.
    pub fn observe() -> Result<Machine> {
        let netlink = Netlink::open()?;
        let addresses = netlink.addresses()?.into_iter().map(|address| address.trunc());
        let subnets = addresses.chain(netlink.routes()?).filter(|subnet| subnet.prefix_len() > 0).collect();
        let interfaces = netlink.links()?.into_iter().map(|link| link.name).collect();
        Ok(Machine { subnets, interfaces })
    }
}

// ANCHOR: decide
/// Decides on a network's subnet, gateway and bridge. A subnet must not overlap with another
/// network's, nor with one that the machine is on: packets for one of the two would go to the
/// other. An interface that is there already is never taken for the bridge: it is somebody else's,
/// Docker's or that of another data root. Whoever keeps the network gives it an id.
pub fn decide(name: &str, wishes: &Wishes, others: &[Network], machine: &Machine) -> Result<Network> {
    let machines = machine.subnets.iter().copied();
    let taken: Vec<Ipv4Net> = others.iter().map(|network| network.subnet).chain(machines).collect();
    let overlapping = |subnet: &Ipv4Net| taken.iter().find(|other| overlap(subnet, other)).copied();
    let subnet = match wishes.subnet {
        Some(subnet) => {
            ensure!(
                (8..=29).contains(&subnet.prefix_len()),
                "invalid subnet {subnet}: use a prefix from /8 to /29, such as 10.5.0.0/24"
            );
            if let Some(other) = overlapping(&subnet) {
                bail!("the subnet {subnet} overlaps with {other}, which is in use\ncure: choose another --subnet");
            }
            subnet.trunc()
        }
        None => candidates().find(|subnet| overlapping(subnet).is_none()).context(
            "all subnets that Coracle chooses from are in use\ncure: network create --subnet ADDRESS/PREFIX",
        )?,
    };
    let gateway = wishes.gateway.or_else(|| subnet.hosts().next()).context("the subnet has no addresses")?;
    ensure!(
        subnet.contains(&gateway) && gateway != subnet.network() && gateway != subnet.broadcast(),
        "invalid gateway {gateway}: it must be an address of {subnet}, and neither its first nor its last"
    );
    let bridge = match &wishes.bridge {
        Some(bridge) => bridge.clone(),
        None if name == DEFAULT => {
            let mut names = (0..=99).map(|number| format!("coracle{number}"));
            names.find(|name| !machine.interfaces.contains(name)).context("coracle0 to coracle99 are all taken")?
        }
        None => format!("cor-{:08x}", u32::from(subnet.network())),
    };
    ensure!(
        !bridge.is_empty()
            && bridge.len() <= LONGEST_NAME
            && bridge.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)),
        "invalid bridge name {bridge:?}: use at most {LONGEST_NAME} letters, digits, '-', '_' or '.'"
    );
    ensure!(
        !machine.interfaces.contains(&bridge),
        "the interface {bridge} already exists, and Coracle didn't make it\ncure: choose another --bridge; or ip link delete {bridge}"
    );
    ensure!(others.iter().all(|other| other.bridge != bridge), "the bridge {bridge} belongs to another network");
    if let Some(mtu) = wishes.mtu {
        ensure!((68..=65535).contains(&mtu), "invalid MTU {mtu}: use 68 to 65535 bytes");
    }
    let (id, name, labels) = (String::new(), name.into(), wishes.labels.clone());
    Ok(Network { name, id, bridge, subnet, gateway, internal: wishes.internal, mtu: wishes.mtu, labels })
}
// ANCHOR_END: decide

fn overlap(a: &Ipv4Net, b: &Ipv4Net) -> bool {
    a.contains(&b.network()) || b.contains(&a.network())
}

/// Private ranges (RFC 1918) that Docker doesn't take first.
fn candidates() -> impl Iterator<Item = Ipv4Net> {
    let upper = [30, 31].map(|part| Ipv4Addr::new(172, part, 0, 0));
    let ten = (210..=254).map(|part| Ipv4Addr::new(10, part, 0, 0));
    upper.into_iter().chain(ten).map(|address| Ipv4Net::new_assert(address, 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> Ipv4Net {
        text.parse().unwrap()
    }

    fn with_subnet(text: &str) -> Wishes {
        Wishes { subnet: Some(net(text)), ..Wishes::default() }
    }

    #[test]
    fn a_subnet_that_is_in_use_is_passed_over_or_refused() {
        let machines = Machine { subnets: vec![net("172.30.4.0/24")], ..Machine::default() };
        assert_eq!(decide("a", &Wishes::default(), &[], &machines).unwrap().subnet, net("172.31.0.0/16"));
        let error = decide("a", &with_subnet("172.30.0.0/16"), &[], &machines).unwrap_err().to_string();
        assert!(error.contains("overlaps with 172.30.4.0/24"), "{error}");
    }

    #[test]
    fn the_gateway_is_the_first_address_or_one_that_is_given() {
        assert_eq!(
            decide("a", &with_subnet("10.5.0.0/24"), &[], &Machine::default()).unwrap().gateway,
            Ipv4Addr::new(10, 5, 0, 1)
        );
        for bad in ["10.5.0.0", "10.5.0.255", "10.6.0.1"] {
            let wishes = Wishes { gateway: Some(bad.parse().unwrap()), ..with_subnet("10.5.0.0/24") };
            assert!(decide("a", &wishes, &[], &Machine::default()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_bridge_name_fits_into_an_interfaces_name() {
        let network = decide("a-long-name-of-a-network", &Wishes::default(), &[], &Machine::default()).unwrap();
        assert!(network.bridge.len() <= LONGEST_NAME, "{}", network.bridge);
        let wishes = Wishes { bridge: Some("sixteen-letters-".into()), ..Wishes::default() };
        assert!(decide("a", &wishes, &[], &Machine::default()).unwrap_err().to_string().contains("at most 15"));
    }

    #[test]
    fn an_interface_that_is_there_is_nobody_elses_bridge() {
        let machine = Machine { interfaces: vec!["coracle0".into(), "docker0".into()], ..Machine::default() };
        assert_eq!(decide(DEFAULT, &Wishes::default(), &[], &machine).unwrap().bridge, "coracle1");
        let wishes = Wishes { bridge: Some("docker0".into()), ..Wishes::default() };
        let error = decide("a", &wishes, &[], &machine).unwrap_err().to_string();
        assert!(error.contains("the interface docker0 already exists"), "{error}");
    }

    #[test]
    fn a_subnet_needs_room_for_a_gateway_and_a_container() {
        for bad in ["10.0.0.0/30", "10.0.0.0/32", "0.0.0.0/0"] {
            assert!(decide("a", &with_subnet(bad), &[], &Machine::default()).is_err(), "{bad}");
        }
    }
}
