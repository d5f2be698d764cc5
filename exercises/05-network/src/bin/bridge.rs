//! The program around an answer to exercise 5.2a. `cargo wb check 5.2a` builds it and runs it in
//! the lab.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, bail};
use given::checked;

include!(concat!(env!("OUT_DIR"), "/bridge.rs"));

/// Arguments: a name, the gateway, the prefix, and what is there: `nothing`; `all`, a bridge that
/// is complete and has a port; or `half` of it, a bridge that is down and has no address.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut gateway, mut prefix) = (Ipv4Addr::UNSPECIFIED, 0);
    checked::ready(|| {
        let [name, address, bits, case] = &arguments[..] else { bail!("four arguments") };
        (gateway, prefix) = (address.parse()?, bits.parse()?);
        if case == "nothing" { Ok(()) } else { make(name, gateway, prefix, case == "all") }
    });
    checked::returned(answers::bridge::bridge(&arguments[0], gateway, prefix))
}

fn make(name: &str, gateway: Ipv4Addr, prefix: u8, whole: bool) -> Result<()> {
    given::add_bridge(name).context("making a bridge")?;
    if whole {
        given::add_address(name, gateway, prefix).context("giving it an address")?;
        given::link_up(name).context("setting it up")?;
        given::add_veth("port", "inner").context("making a veth pair")?;
        given::set_master("port", name).context("plugging one end in")?;
    }
    Ok(())
}
