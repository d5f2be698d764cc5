//! The program around an answer to exercise 5.2b. `cargo wb check 5.2b` builds it and runs it in
//! the lab.

use anyhow::{Context, Result, bail};
use given::checked;
use nix::unistd::Pid;

include!(concat!(env!("OUT_DIR"), "/veth.rs"));

/// Arguments: a bridge's name, and whether it is `there` or `missing`. Two containers are plugged
/// in, one after the other.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut containers = Vec::new();
    checked::ready(|| {
        let [bridge, case] = &arguments[..] else { bail!("two arguments") };
        prepare(bridge, case == "there")?;
        for _ in 0..2 {
            containers.push(checked::start_networked_process()?);
        }
        Ok(())
    });
    let plug_in = |container: &Pid| answers::veth::plug_in(*container, &arguments[0]);
    checked::returned(containers.iter().try_for_each(plug_in))
}

/// The bridge, and an interface of the host's that is called eth0, as on many machines.
fn prepare(bridge: &str, is_there: bool) -> Result<()> {
    given::add_veth("eth0", "uplink").context("making the host's eth0")?;
    if is_there {
        given::add_bridge(bridge).context("making a bridge")?;
        given::link_up(bridge).context("setting it up")?;
    }
    Ok(())
}
