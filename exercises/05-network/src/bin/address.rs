//! The program around an answer to exercise 5.3a. `cargo wb check 5.3a` builds it and runs it in
//! the lab.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, bail};
use given::checked;

include!(concat!(env!("OUT_DIR"), "/address.rs"));

/// Arguments: the container's address, the prefix, the gateway, an address of the host's elsewhere,
/// and whether the container has an `eth0` (`plugged`) or `none`.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let none = Ipv4Addr::UNSPECIFIED;
    let (mut address, mut prefix, mut gateway) = (none, 0, none);
    checked::ready(|| {
        let [own, bits, bridge, elsewhere, case] = &arguments[..] else { bail!("five arguments") };
        (address, prefix, gateway) = (own.parse()?, bits.parse()?, bridge.parse()?);
        prepare(gateway, prefix, elsewhere.parse()?, case == "plugged")
    });
    checked::returned(answers::address::configure(address, prefix, gateway))
}

/// A bridge on the host, and an address of the host's that no interface of the container leads to.
fn prepare(gateway: Ipv4Addr, prefix: u8, elsewhere: Ipv4Addr, is_plugged: bool) -> Result<()> {
    given::add_address("lo", elsewhere, 32).context("giving the host an address elsewhere")?;
    given::add_bridge("boats").context("making a bridge")?;
    given::add_address("boats", gateway, prefix).context("giving it an address")?;
    given::link_up("boats").context("setting it up")?;
    given::add_veth("port", "inner").context("making a veth pair")?;
    given::set_master("port", "boats").context("plugging one end in")?;
    given::link_up("port").context("setting it up")?;
    if !is_plugged {
        given::add_veth("other", "end").context("making a veth pair")?;
        return checked::move_with("other", "other");
    }
    checked::move_with("inner", "eth0")
}
