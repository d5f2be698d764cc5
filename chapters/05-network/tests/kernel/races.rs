//! Commands that meet: a network that goes while a container is made on it.

use std::fs;

use anyhow::{Result, ensure};
use ch01_namespaces::{StoreFlags, new_id};
use ch05_network::network::{Networks, Wishes};
use testkit::{Case, cases};

use crate::world::{STORE, format_output, interfaces, leases, program, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        no_address_is_given_on_a_network_that_was_removed_since,
        a_network_on_which_a_container_is_being_made_is_not_removed,
        runs_and_removals_at_once_leave_no_half_of_either,
    ]
}

fn networks() -> Result<Networks> {
    Networks::open(&StoreFlags::with_root(STORE.into()))
}

fn no_address_is_given_on_a_network_that_was_removed_since() -> Result<()> {
    let (networks, id) = (networks()?, new_id()?);
    let found = networks.create("front", &Wishes::default())?;
    networks.remove("front")?;
    let error = networks.allocate(&found, &id).unwrap_err().to_string();
    ensure!(error.contains("was removed while the container was being made"), "{error}");
    // One of the same name is another one.
    networks.create("front", &Wishes::default())?;
    ensure!(networks.allocate(&found, &id).is_err() && leases()?.is_empty(), "{:?}", leases()?);
    Ok(())
}

fn a_network_on_which_a_container_is_being_made_is_not_removed() -> Result<()> {
    let (networks, id) = (networks()?, new_id()?);
    let front = networks.create("front", &Wishes::default())?;
    // Its maker lives, and hasn't yet written down more than the lease.
    fs::create_dir(networks.state_directory(&id))?;
    let maker = fs::File::open(networks.state_directory(&id))?;
    maker.lock()?;
    networks.allocate(&front, &id)?;
    let error = networks.remove("front").unwrap_err().to_string();
    ensure!(error.contains(&format!("is in use by container {}", &id[..12])), "{error}");
    // It is killed: what it has left is no reason to keep the network.
    drop(maker);
    networks.remove("front")?;
    ensure!(leases()?.is_empty(), "{:?}", leases()?);
    Ok(())
}

fn runs_and_removals_at_once_leave_no_half_of_either() -> Result<()> {
    succeeds(&["network", "create", "front"])?;
    succeeds(&["run", "--network", "front", "hostbox", "true"])?;
    let outcomes = std::thread::scope(|scope| {
        let run = || program(&["run", "--network", "front", "hostbox", "ip", "-4", "route"]).output();
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(move || (0..8).map(|_| run()).collect::<Vec<_>>())).collect();
        for _ in 0..12 {
            let _ = program(&["network", "rm", "front"]).output();
            let _ = program(&["network", "create", "front"]).output();
        }
        runs.into_iter().flat_map(|runs| runs.join().expect("no panic")).collect::<Vec<_>>()
    });
    for output in outcomes {
        let output = output?;
        let said = String::from_utf8_lossy(&output.stderr);
        let has_network = String::from_utf8_lossy(&output.stdout).contains("default via");
        let was_told = said.contains("there is no network \"front\"") || said.contains("was removed while");
        ensure!(output.status.success() == has_network && (has_network || was_told), "{}", format_output(&output));
    }
    let _ = program(&["network", "create", "front"]).output();
    succeeds(&["network", "rm", "front"])?;
    ensure!(leases()?.is_empty() && succeeds(&["ps", "-q"])?.is_empty(), "{:?}", leases()?);
    let gone = || Ok(!interfaces(std::process::id() as i32)?.iter().any(|name| name.starts_with("cor-")));
    testkit::eventually("no bridge is left", gone)
}
