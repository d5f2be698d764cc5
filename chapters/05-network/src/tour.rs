//! The tour: two containers on a bridge, seen from inside and from outside; a ping between them, a
//! request to a published port, and what each network mode shares.

mod lab;
mod ping;
mod request;
mod scene;

use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use ch01_namespaces::narration::{Narration, TourFlags, fitted};
use ch01_namespaces::{Namespace, StoreFlags, Target, say};

use crate::netlink::Netlink;
use crate::rootless::owns_network_namespace;
use scene::{Running, Scene};

/// Shows it. Root's bridges would be the machine's, so root's tour is in a lab.
pub fn tour(flags: &TourFlags, store: &StoreFlags) -> Result<u8> {
    let narration = flags.begin();
    narration.title("Chapter 5: the network")?;
    say!("A new network namespace has only a loopback interface. A container also gets a");
    say!("veth pair: one end is in the container, the other end is on a bridge.");
    say!("");
    if owns_network_namespace() {
        say!("The tour makes network, mount and PID namespaces for itself. So the network of");
        say!("this machine stays as it is.");
        narration.pause()?;
        return lab::show_in_lab(|store| show(&narration, &Scene::set(store)?));
    }
    say!("Your bridge is in a network namespace of your own, which a helper process, the");
    say!("holder, keeps. So the network of this machine stays as it is.");
    narration.pause()?;
    show(&narration, &Scene::set(store)?)
}

fn show(narration: &Narration, scene: &Scene<'_>) -> Result<u8> {
    let one = scene.start("one", &["--network", "bridge", "-p", "127.0.0.1::80"])?;
    let two = scene.start("two", &["--network", "bridge"])?;
    let bridge = scene.bridge_side()?;

    narration.title("Interfaces inside and outside")?;
    say!("Inside container one, with eth0 as one end of a veth pair:");
    say!("");
    show_interfaces(&one.netlink()?)?;
    say!("");
    say!("Outside, with the other end (@if and a number: the index of the first end) on");
    say!("the bridge:");
    say!("");
    show_interfaces(&bridge.netlink()?)?;
    narration.pause()?;

    narration.title("A ping through the bridge")?;
    let (from, to) = (one.address()?, two.address()?);
    let answer = one.work(|| ping::ping(to))?;
    say!("The tour sends an ICMP echo request from container one to container two:");
    say!("");
    say!("  {from} -> {to}   answered in {:.2} ms, TTL {}", answer.milliseconds, answer.ttl);
    say!("");
    say!("Each router reduces the TTL by one. A bridge doesn't, as it is a switch.");
    narration.pause()?;

    published_port(narration, scene, &one)?;
    modes(narration, scene, &one)?;
    narration.title("Your turn")?;
    say!("  cargo run -p ch05-network -- network create front");
    say!("  cargo run -p ch05-network -- run --network front hostbox sh");
    say!("  cargo run -p ch05-network -- run --help          published ports, names");
    say!("  cargo wb                                         the exercises");
    Ok(0)
}

/// As `ip address` shows them.
fn show_interfaces(netlink: &Netlink) -> Result<()> {
    let links = netlink.links()?;
    for link in &links {
        let name = link.peer.map_or_else(|| link.name.clone(), |peer| format!("{}@if{peer}", link.name));
        let bridge = links.iter().find(|other| Some(other.index) == link.controller);
        let addresses = netlink.addresses_of(link.index)?.iter().map(ToString::to_string).collect::<Vec<_>>();
        let more = bridge.map_or_else(|| addresses.join(" "), |bridge| format!("on {}", bridge.name));
        let state = if link.is_up { "up" } else { "down" };
        say!("  {}", fitted(format!("{:>3}  {name:<18} {state:<5} {more}", link.index).trim_end(), 76));
    }
    Ok(())
}

fn published_port(narration: &Narration, scene: &Scene<'_>, web: &Running<'_>) -> Result<()> {
    narration.title("A request to a published port")?;
    say!("Port 80 of container one is published. The image has no web server, so the tour");
    say!("itself listens on port 80, in the container's network namespace.");
    say!("");
    let listener = web.listen(80)?;
    let port = scene.published(web)?;
    let exchange = request::exchange(&listener, port)?;
    say!("  container one      80/tcp is published as {port}");
    say!("  a client outside   {} -> {port}   {}", exchange.client, exchange.request);
    say!("  the server inside  {} -> {}   {}", exchange.caller, exchange.server, exchange.request);
    say!("  the client gets    {}", exchange.answer);
    say!("");
    say!("A client on this machine's loopback address is served by the proxy, which makes");
    say!("a connection of its own. So the server sees another address, the bridge's.");
    narration.pause()
}

fn modes(narration: &Narration, scene: &Scene<'_>, one: &Running<'_>) -> Result<()> {
    narration.title("What each network mode shares")?;
    let host = scene.start("three", &["--network", "host"])?;
    let shared = scene.start("four", &["--network", &format!("container:{}", one.name)])?;
    let none = scene.start("five", &["--network", "none"])?;
    say!("The inode number of a network namespace says whether two processes share it:");
    say!("");
    say!("  {:<32} {:<17} interfaces", "", "network namespace");
    let row = |who: &str, process: &Target| -> Result<()> {
        let inode = process.inode(Namespace::Net)?;
        let names = scene::interfaces(process)?.join(" ");
        say!("  {who:<32} {:<17} {}", format!("net:[{inode}]"), fitted(&names, 26));
        Ok(())
    };
    row("the tour itself", &Target::myself()?)?;
    row("three, --network host", &host.process)?;
    row("one,   --network bridge", &one.process)?;
    row("four,  --network container:one", &shared.process)?;
    row("five,  --network none", &none.process)?;
    narration.pause()
}

/// A container's address, by its own interface.
fn address_of(netlink: &Netlink) -> Result<Ipv4Addr> {
    let index = netlink.link_index("eth0")?.context("the container has no eth0")?;
    let addresses = netlink.addresses_of(index)?;
    Ok(addresses.first().context("eth0 has no address")?.addr())
}
