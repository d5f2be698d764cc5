//! Addresses: none twice, none that isn't to be given, all of them given back.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Result, ensure};
use testkit::{Case, cases};

use crate::world::{Container, leases, refused, succeeds};

/// At one time. Each is a process of this program and a shell; more would prove the same.
const MANY: usize = 50;

pub fn cases() -> Vec<Case> {
    let mut cases = cases![
        an_exhausted_pool_is_refused_and_an_address_that_is_given_back_is_given_again,
        the_first_address_is_free_again_after_the_end,
        a_gateway_of_ones_own_is_given_to_nobody,
    ];
    let slow = cases![fifty_at_once_have_fifty_addresses];
    cases.extend(slow.into_iter().map(|case| case.time_limit(Duration::from_secs(120))));
    cases
}

fn fifty_at_once_have_fifty_addresses() -> Result<()> {
    succeeds(&["run", "hostbox", "true"])?;
    let all: Vec<Container> = std::thread::scope(|scope| {
        let names = (0..MANY).map(|number| format!("c{number}"));
        let all: Vec<_> = names.map(|name| scope.spawn(move || Container::idle(&name, &[]))).collect();
        all.into_iter().map(|one| one.join().expect("no panic")).collect::<Result<_>>()
    })?;
    let addresses: BTreeSet<String> = leases()?.into_values().collect();
    ensure!(addresses.len() == MANY, "{} leases for {MANY} containers", addresses.len());
    let seen = all.iter().map(Container::address).collect::<Result<BTreeSet<Ipv4Addr>>>()?;
    ensure!(seen.len() == MANY, "an address is there twice: {seen:?}");
    let names: Vec<&str> = all.iter().map(|container| container.name.as_str()).collect();
    succeeds(&[&["rm", "-f"], names.as_slice()].concat())?;
    ensure!(leases()?.is_empty(), "{:?}", leases()?);
    Ok(())
}

fn an_exhausted_pool_is_refused_and_an_address_that_is_given_back_is_given_again() -> Result<()> {
    // Eight addresses: the network's, the gateway's, the broadcast address, and five.
    succeeds(&["network", "create", "--subnet", "10.5.0.0/29", "small"])?;
    let flags = ["--network", "small"];
    let all = (2..=6).map(|number| Container::idle(&format!("c{number}"), &flags)).collect::<Result<Vec<_>>>()?;
    let addresses = all.iter().map(|one| Ok(one.address()?.to_string())).collect::<Result<Vec<_>>>()?;
    ensure!(addresses == ["10.5.0.2", "10.5.0.3", "10.5.0.4", "10.5.0.5", "10.5.0.6"], "{addresses:?}");
    let error = refused(&["run", "--network", "small", "hostbox", "true"], 125)?;
    ensure!(error.contains("no address is free in the network small") && error.contains("cure:"), "{error}");
    ensure!(leases()?.len() == 5 && succeeds(&["ps", "-q"])?.lines().count() == 5, "something was half made");
    all[2].remove()?;
    ensure!(Container::idle("again", &flags)?.address()?.to_string() == "10.5.0.4");
    Ok(())
}

fn the_first_address_is_free_again_after_the_end() -> Result<()> {
    for _ in 0..3 {
        let said = succeeds(&["run", "hostbox", "ip", "-4", "-o", "address", "show", "dev", "eth0"])?;
        ensure!(said.contains("172.30.0.2/16"), "{said}");
        ensure!(leases()?.is_empty());
    }
    Ok(())
}

fn a_gateway_of_ones_own_is_given_to_nobody() -> Result<()> {
    succeeds(&["network", "create", "--subnet", "10.5.0.0/29", "--gateway", "10.5.0.3", "small"])?;
    let flags = ["--network", "small"];
    let all = (0..3).map(|number| Container::idle(&format!("c{number}"), &flags)).collect::<Result<Vec<_>>>()?;
    let addresses = all.iter().map(|one| Ok(one.address()?.to_string())).collect::<Result<Vec<_>>>()?;
    ensure!(addresses == ["10.5.0.1", "10.5.0.2", "10.5.0.4"], "{addresses:?}");
    ensure!(all[0].inside("ip route")?.contains("default via 10.5.0.3"));
    Ok(())
}
