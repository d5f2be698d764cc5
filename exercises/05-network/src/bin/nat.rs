//! The program around an answer to exercise 5.4. `cargo wb check 5.4` builds it and runs it in the
//! lab.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, bail};
use given::{Subnet, checked};

include!(concat!(env!("OUT_DIR"), "/nat.rs"));

/// Arguments: the networks of two subnets, each with 24 bits. The lab is the host of four machines:
/// a container and a mate, on one bridge; one outside, which knows no way to the container; and a
/// neighbour, which it knows.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut subnets = Vec::new();
    checked::ready(|| {
        for network in &arguments {
            subnets.push(Subnet { network: network.parse()?, prefix: 24 });
        }
        let [containers, _] = &subnets[..] else { bail!("two arguments") };
        prepare(*containers)
    });
    let rules = |number: usize, bridge: &str| given::nft(&answers::nat::masquerade(subnets[number], bridge));
    // The first network is asked for by each of its containers.
    checked::returned([(0, "boats"), (0, "boats"), (1, "ships")].into_iter().try_for_each(|(n, name)| rules(n, name)))
}

const OUTSIDE: [u8; 3] = [192, 0, 2];
const NEIGHBOUR: [u8; 3] = [198, 51, 100];
const MATE: [u8; 3] = [203, 0, 113];

fn machine([a, b, c]: [u8; 3], number: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, number)
}

fn prepare(containers: Subnet) -> Result<()> {
    given::host_network()?;
    given::nft("table ip others { chain mine { type filter hook input priority 0; counter; }; }")?;
    given::add_bridge("boats").context("making a bridge")?;
    given::add_address("boats", containers.gateway(), containers.prefix).context("giving it an address")?;
    given::add_address("boats", machine(MATE, 1), 24).context("giving it another address")?;
    given::link_up("boats").context("setting it up")?;
    for name in ["container", "mate", "outside", "neighbour"] {
        let port = &name[..4];
        given::add_veth(port, "inner").context("making a veth pair")?;
        if ["container", "mate"].contains(&name) {
            given::set_master(port, "boats").context("plugging one end in")?;
        }
        given::link_up(port).context("setting it up")?;
        let [address, gateway] = match name {
            "container" => [containers.address(2), containers.gateway()],
            "mate" => [machine(MATE, 2), machine(MATE, 1)],
            "outside" => [machine(OUTSIDE, 2), machine(OUTSIDE, 1)],
            _ => [machine(NEIGHBOUR, 2), machine(NEIGHBOUR, 1)],
        };
        if ["outside", "neighbour"].contains(&name) {
            given::add_address(port, gateway, 24).context("giving the host an address")?;
        }
        checked::start_machine(name, Some("inner"), || {
            given::add_address("eth0", address, 24).context("giving it an address")?;
            given::link_up("eth0").context("setting it up")?;
            match name {
                // Nobody outside knows a way to private addresses.
                "outside" => given::route(machine(NEIGHBOUR, 0), 24, gateway).context("a route"),
                _ => given::default_route(gateway).context("the default route"),
            }
        })?;
    }
    Ok(())
}
