//! Beside Docker, and others who drop whatever they don't know.
//!
//! Docker sets the policy for forwarded packets to DROP. An `accept` in a table of ours ends only
//! our chain, so that policy decides about our packets, too. For rules of other people there is a
//! chain that Docker asks first and never changes: DOCKER-USER.

use std::process::{Command, Output, Stdio};

use anyhow::{Result, anyhow};
use ch01_namespaces::{explain, report};

use super::path_with_sbin;
use crate::steps;

const CHAIN: &str = "DOCKER-USER";

// ANCHOR: let_through
/// Accepts, in Docker's chain for that, what comes from a bridge or goes to it. What may do so is
/// decided by our own table: what it drops stays dropped. Without such a chain, and where packets
/// are dropped all the same, one line says so.
pub fn let_through(bridge: &str) -> Result<()> {
    let Some(forward) = iptables(&["-S", "FORWARD"]) else { return Ok(()) };
    if iptables(&["-S", CHAIN]).is_none() {
        let text = String::from_utf8_lossy(&forward.stdout);
        if text.lines().any(|line| line == "-P FORWARD DROP") {
            report(&no_way_out(bridge));
        }
        return Ok(());
    }
    for rule in rules(bridge) {
        if iptables(&[&["-C", CHAIN], rule.as_slice()].concat()).is_none() {
            let args = [&["-I", CHAIN], rule.as_slice()].concat();
            explain::note(&steps::LET_THROUGH, "iptables", || args.iter().map(|&arg| arg.into()).collect());
            iptables(&args).ok_or_else(|| anyhow!("iptables {} failed", args.join(" ")))?;
        }
    }
    Ok(())
}
// ANCHOR_END: let_through

/// Takes our rules out of Docker's chain, if they are there.
pub fn forget(bridge: &str) {
    if iptables(&["-S", CHAIN]).is_some() {
        for rule in rules(bridge) {
            let _ = iptables(&[&["-D", CHAIN], rule.as_slice()].concat());
        }
    }
}

fn rules(bridge: &str) -> [[&str; 4]; 2] {
    ["-i", "-o"].map(|direction| [direction, bridge, "-j", "ACCEPT"])
}

fn no_way_out(bridge: &str) -> anyhow::Error {
    anyhow!(
        "containers on {bridge} can't reach other machines\n\
         cause: another firewall's policy drops forwarded packets (iptables -S FORWARD)\n\
         cure: iptables -I FORWARD -i {bridge} -j ACCEPT; iptables -I FORWARD -o {bridge} -j ACCEPT"
    )
}

/// `None` when it isn't installed, or says no.
fn iptables(args: &[&str]) -> Option<Output> {
    let mut command = Command::new("iptables");
    command.arg("-w").args(args).env("PATH", path_with_sbin()).stdin(Stdio::null()).stderr(Stdio::null());
    command.output().ok().filter(|output| output.status.success())
}
