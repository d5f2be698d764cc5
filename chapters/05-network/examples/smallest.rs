//! The whole idea in one `main`: a command in a network of its own, with a cable to a bridge in
//! this one.
//!
//! Where you are root over the network, as in `unshare --user --map-root-user --net bash`:
//! `cargo run -p ch05-network --example smallest-network -- ip address`. It lets `ip` send the
//! messages that Coracle sends itself.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::process::{Command, exit};

use anyhow::{Context, Result, ensure};
use nix::sched::{CloneFlags, unshare};

fn main() -> Result<()> {
    let command: Vec<String> = std::env::args().skip(1).collect();
    let program = command.first().context("no command was given")?;

    // ANCHOR: smallest
    // From here on this process is in a new namespace. `outside` is a file of the old one.
    let outside = File::open("/proc/self/ns/net")?;
    unshare(CloneFlags::CLONE_NEWNET).context("unshare")?;
    let me = std::process::id();
    let there = format!("nsenter --net=/proc/{me}/fd/{}", outside.as_raw_fd());

    // A bridge in the old namespace, and a veth pair from the bridge to the new namespace.
    run(&format!("{there} ip link add cor0 type bridge"))?;
    run(&format!("{there} ip address add 10.9.0.1/24 dev cor0"))?;
    run(&format!("{there} ip link set cor0 up"))?;
    run(&format!("{there} ip link add veth0 type veth peer name eth0 netns {me}"))?;
    run(&format!("{there} ip link set veth0 master cor0 up"))?;

    // An address, and the default route.
    run("ip link set lo up")?;
    run("ip address add 10.9.0.2/24 dev eth0")?;
    run("ip link set eth0 up")?;
    run("ip route add default via 10.9.0.1")?;
    exit(Command::new(program).args(&command[1..]).status()?.code().unwrap_or(125));
    // ANCHOR_END: smallest
}

fn run(line: &str) -> Result<()> {
    let words: Vec<&str> = line.split(' ').collect();
    ensure!(Command::new(words[0]).args(&words[1..]).status()?.success(), "{line} failed");
    Ok(())
}
