//! Mistakes, and machines that lack something: a clear error, and nothing half made.

use anyhow::{Result, ensure};
use testkit::{Case, cases, root_cases};

use crate::world::{leases, program, refused, shown, succeeds};

pub fn cases() -> Vec<Case> {
    let mut cases = cases![
        what_is_no_network_is_refused_with_the_reason,
        subnets_that_overlap_are_refused,
        a_network_that_is_in_use_is_not_removed,
        a_network_that_is_not_there_is_told,
        what_is_no_port_is_refused_with_an_example,
        an_address_that_the_machine_lacks_is_told,
    ];
    cases.extend(root_cases![without_nft_ports_are_published_by_the_proxy_alone]);
    cases
}

fn what_is_no_network_is_refused_with_the_reason() -> Result<()> {
    for (args, status, word) in [
        (vec!["--subnet", "10.5.0.0/40", "x"], 2, "such as 10.5.0.0/24"),
        (vec!["--subnet", "10.5.0.0", "x"], 2, "such as 10.5.0.0/24"),
        (vec!["--subnet", "10.5.0.0/31", "x"], 125, "from /8 to /29"),
        (vec!["--subnet", "10.5.0.0/24", "--gateway", "10.6.0.1", "x"], 125, "invalid gateway 10.6.0.1"),
        (vec!["--bridge", "sixteen-letters-", "x"], 125, "at most 15"),
        (vec!["--bridge", "a/b", "x"], 125, "invalid bridge name"),
        (vec!["--mtu", "20", "x"], 125, "invalid MTU"),
        (vec!["host"], 125, "means something else"),
        (vec!["../x"], 125, "invalid network name"),
    ] {
        let status = if status == 2 { 125 } else { status };
        let error = refused(&[&["network", "create"], args.as_slice()].concat(), status)?;
        ensure!(error.contains(word), "{args:?}: {error}");
    }
    ensure!(succeeds(&["network", "ls", "-q"])?.is_empty(), "something was made");
    Ok(())
}

fn subnets_that_overlap_are_refused() -> Result<()> {
    succeeds(&["network", "create", "--subnet", "10.5.0.0/24", "one"])?;
    for subnet in ["10.5.0.0/24", "10.5.0.128/25", "10.0.0.0/8", "127.0.0.0/16"] {
        let error = refused(&["network", "create", "--subnet", subnet, "two"], 125)?;
        ensure!(error.contains("overlaps with") && error.contains("cure:"), "{subnet}: {error}");
    }
    succeeds(&["network", "create", "--subnet", "10.5.1.0/24", "two"])?;
    ensure!(succeeds(&["network", "ls", "-q"])? == "one\ntwo");
    Ok(())
}

fn a_network_that_is_in_use_is_not_removed() -> Result<()> {
    succeeds(&["network", "create", "front"])?;
    succeeds(&["create", "--name", "one", "--network", "front", "hostbox", "true"])?;
    let error = refused(&["network", "rm", "front"], 125)?;
    ensure!(error.contains("is in use by container"), "{error}");
    succeeds(&["rm", "-f", "one"])?;
    succeeds(&["network", "rm", "front"])?;
    ensure!(succeeds(&["network", "ls", "-q"])?.is_empty());
    Ok(())
}

fn a_network_that_is_not_there_is_told() -> Result<()> {
    let error = refused(&["run", "--network", "nothing", "hostbox", "true"], 125)?;
    ensure!(error.contains("no network \"nothing\"") && error.contains("network create nothing"), "{error}");
    // As with containers: what a verb is asked about and isn't there is status 1.
    for verb in ["rm", "inspect"] {
        let error = refused(&["network", verb, "nothing"], 1)?;
        ensure!(error.contains("no network \"nothing\""), "{verb}: {error}");
    }
    ensure!(leases()?.is_empty());
    Ok(())
}

fn what_is_no_port_is_refused_with_an_example() -> Result<()> {
    for port in ["a:b", "8080:0", "70000:80", "8000-8010:80", "53:53/udp"] {
        let error = refused(&["run", "-p", port, "hostbox", "true"], 125)?;
        ensure!(error.contains("such as 8080:80"), "{port}: {error}");
    }
    Ok(())
}

fn an_address_that_the_machine_lacks_is_told() -> Result<()> {
    let error = refused(&["run", "-p", "192.0.2.77:8080:80", "hostbox", "true"], 125)?;
    ensure!(error.contains("EADDRNOTAVAIL") && error.contains("this machine has no such address"), "{error}");
    Ok(())
}

fn without_nft_ports_are_published_by_the_proxy_alone() -> Result<()> {
    std::fs::create_dir("/tmp/programs")?;
    for name in ["sh", "sleep", "true", "cp"] {
        crate::world::sh(&format!("ln -s $(command -v {name}) /tmp/programs/{name}"))?;
    }
    // Also from where it looks besides PATH.
    crate::world::sh("mount -t tmpfs none /usr/sbin")?;
    let run = program(&["run", "-p", "8080:80", "hostbox", "true"]).env("PATH", "/tmp/programs").output()?;
    ensure!(run.status.success(), "{}", shown(&run));
    Ok(())
}
