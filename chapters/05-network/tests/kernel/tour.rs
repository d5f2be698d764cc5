//! The tour tells the truth, fits a terminal, and leaves nothing.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use lab::observe;
use nix::unistd::geteuid;
use testkit::{Case, cases, eventually};

use crate::untouched::network;
use crate::world::{processes_with, program, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        the_tour_shows_interfaces_a_ping_a_request_and_what_each_mode_shares,
        the_tour_changes_no_network_but_its_own_and_leaves_nothing,
        a_killed_tour_leaves_no_process,
    ]
}

fn part<'a>(tour: &'a str, title: &str) -> Result<&'a str> {
    let (_, rest) = tour.split_once(&format!("\n{title}\n\n")).with_context(|| format!("no {title:?} in\n{tour}"))?;
    Ok(rest)
}

fn the_tour_shows_interfaces_a_ping_a_request_and_what_each_mode_shares() -> Result<()> {
    let tour = succeeds(&[])?;
    let interfaces = part(&tour, "Interfaces inside and outside")?;
    let (inside, outside) = interfaces.split_once("Outside").context("no outside")?;
    for (where_, text) in [(inside, "127.0.0.1/8"), (inside, "172.30.0.2/16"), (outside, "172.30.0.1/16")] {
        ensure!(where_.contains(text), "{text:?} is missing in\n{where_}");
    }
    ensure!(inside.contains("eth0@if") && outside.contains("on coracle0"), "{interfaces}");
    let ping = part(&tour, "A ping through the bridge")?;
    ensure!(ping.contains("172.30.0.2 -> 172.30.0.3   answered in ") && ping.contains(" ms, TTL 64"), "{ping}");
    let request = part(&tour, "A request to a published port")?;
    ensure!(request.contains("172.30.0.1:") && request.contains(" -> 172.30.0.2:80   GET /"), "{request}");
    ensure!(request.contains("the client gets    hello from port 80"), "{request}");
    let mut shared = BTreeMap::new();
    for line in part(&tour, "What each network mode shares")?.lines() {
        if let Some((who, inode)) = line.split_once("net:[") {
            shared.insert(who.trim().replace("   ", " "), inode.split(']').next().unwrap_or_default().to_string());
        }
    }
    let inode = |who: &str| shared.get(who).with_context(|| format!("no {who:?} in {shared:?}"));
    let [own, host, one, four, none] = [
        inode("the tour itself")?,
        inode("three, --network host")?,
        inode("one, --network bridge")?,
        inode("four,  --network container:one")?,
        inode("five,  --network none")?,
    ];
    ensure!(host == own && four == one && one != own && none != own && none != one, "{shared:?}");
    let is_own = *own == observe::namespace_inode(std::process::id() as i32, "net")?.to_string();
    ensure!(is_own != geteuid().is_root(), "root's tour was in the machine's network");
    let long: Vec<_> = tour.lines().filter(|line| line.chars().count() > 80).collect();
    ensure!(long.is_empty(), "too long: {long:?}");
    Ok(())
}

fn the_tour_changes_no_network_but_its_own_and_leaves_nothing() -> Result<()> {
    let before = network();
    succeeds(&[])?;
    ensure!(network() == before, "the tour has changed the machine's network: {:?}", network());
    ensure!(succeeds(&["ps", "--quiet"])?.is_empty(), "the tour left a container");
    if geteuid().is_root() {
        ensure!(succeeds(&["network", "ls", "--quiet"])?.is_empty(), "the tour left a network");
    }
    Ok(())
}

fn a_killed_tour_leaves_no_process() -> Result<()> {
    let mut tour = program(&[]).stdout(std::process::Stdio::null()).spawn()?;
    eventually("it makes containers", || Ok(!processes_with("hostbox").is_empty()))?;
    tour.kill()?;
    tour.wait()?;
    eventually("all have ended", || {
        Ok(processes_with("hostbox").is_empty() && processes_with("port-proxy").is_empty())
    })?;
    // Whatever a `run` that was killed with it has left is found by the next one.
    succeeds(&["run", "hostbox", "true"])?;
    ensure!(succeeds(&["ps", "--quiet"])?.is_empty(), "the tour left a container");
    Ok(())
}
