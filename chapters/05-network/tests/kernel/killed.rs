//! `kill -9` of the command at each step that it narrates, and of each helper: the next command
//! finds what is left.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use testkit::{Case, Narrated, cases, eventually, eventually_within, needs, root_cases};

use crate::world::{
    Container, busybox_volume, cables, fetch, format_output, interfaces, leases, processes_with, program, sh, succeeds,
    tables,
};

pub fn cases() -> Vec<Case> {
    let mut cases = cases![
        a_maker_killed_at_any_step_leaves_nothing_after_the_next_command,
        a_first_maker_killed_at_any_step_leaves_a_network_that_the_next_command_completes,
        a_killed_proxy_leaves_nothing_and_its_container_goes_on,
        a_killed_holder_is_told_and_replaced,
        the_holder_ends_when_nobody_has_an_address,
    ];
    cases.extend(root_cases![a_network_whose_removal_was_killed_is_removed_by_the_next_command]);
    cases.into_iter().map(|case| case.time_limit(Duration::from_secs(120))).collect()
}

fn narrated() -> Result<Narrated> {
    let flags = ["--name", "victim", "--network", "front", "-p", "8080:80", "--cgroups", "disabled"];
    Narrated::from_command(program(&[&["run", "--explain=json"], flags.as_slice(), &["hostbox", "true"]].concat()))
}

/// Steps of this chapter, and helpers; of a file that is bound into the root only the first call.
fn is_of_this_chapter(step: &str) -> bool {
    (step.contains("\"book\":\"5.") || step.contains("a helper process"))
        && !step.contains("mount_setattr")
        && !step.contains("move_mount")
}

fn a_maker_killed_at_any_step_leaves_nothing_after_the_next_command() -> Result<()> {
    succeeds(&["network", "create", "front"])?;
    let stays = Container::idle("stays", &["--network", "front"])?;
    let steps = narrated()?.all_steps()?;
    expect_nothing_left(&stays)?;
    let ours: Vec<usize> = (0..steps.len()).filter(|index| is_of_this_chapter(&steps[*index])).collect();
    ensure!(ours.len() >= 8, "{} steps: the test proves nothing", ours.len());
    let mut something_was_left = false;
    for index in ours {
        narrated()?.killed_after(index)?;
        something_was_left |= leases()?.len() > 1;
        succeeds(&["run", "--cgroups", "disabled", "hostbox", "true"])?;
        expect_nothing_left(&stays).with_context(|| format!("killed at {}", steps[index]))?;
    }
    ensure!(something_was_left, "nothing was left half made: the test proves nothing");
    Ok(())
}

/// `front` is whole when its gateway answers (that nobody listens there), and has its rules.
fn expect_whole() -> Result<()> {
    let caller = Container::idle("caller", &["--network", "front", "-v", &busybox_volume()?])?;
    let said = caller.inside("timeout 15 busybox wget -q -O - http://10.5.0.1:1/ 2>&1 || true")?;
    ensure!(said.contains("refused"), "the gateway: {said}");
    if geteuid().is_root() {
        ensure!(tables()? == ["ip coracle-front0"], "{:?}", tables()?);
    }
    caller.remove()
}

fn a_first_maker_killed_at_any_step_leaves_a_network_that_the_next_command_completes() -> Result<()> {
    let define = || succeeds(&["network", "create", "--subnet", "10.5.0.0/24", "--bridge", "front0", "front"]);
    let makes_the_network = |step: &str| step.contains("front0");
    define()?;
    let steps = narrated()?.all_steps()?.into_iter().filter(|step| makes_the_network(step)).count();
    ensure!(steps >= 4, "{steps} steps: the test proves nothing");
    for last in 1..=steps {
        // A user's bridge stays with the holder, and belongs to the definition before.
        succeeds(&["network", "rm", "front"])?;
        define()?;
        let mut run = narrated()?;
        let (mut count, mut step) = (0, String::new());
        while count < last {
            step = run.next_step()?.context("it ended early")?;
            count += usize::from(makes_the_network(&step));
        }
        run.kill()?;
        expect_whole().with_context(|| format!("killed at {step}"))?;
    }
    Ok(())
}

fn a_network_whose_removal_was_killed_is_removed_by_the_next_command() -> Result<()> {
    succeeds(&["network", "create", "front"])?;
    succeeds(&["run", "--network", "front", "hostbox", "true"])?;
    ensure!(tables()?.len() == 1, "there are no rules: the test proves nothing");
    // Killed as it removes the rules.
    std::fs::create_dir("/tmp/programs")?;
    std::fs::write("/tmp/programs/nft", "#!/bin/sh\nkill -9 $PPID\n")?;
    sh("chmod +x /tmp/programs/nft")?;
    let path = format!("/tmp/programs:{}", std::env::var("PATH")?);
    let killed = program(&["network", "rm", "front"]).env("PATH", path).status()?;
    ensure!(killed.signal() == Some(9), "{killed}");
    ensure!(tables()?.len() == 1, "the rules are gone: the test proves nothing");
    succeeds(&["network", "rm", "front"])?;
    ensure!(tables()?.is_empty(), "{:?}", tables()?);
    eventually("only lo is left", || Ok(interfaces(std::process::id() as i32)? == ["lo"]))?;
    ensure!(succeeds(&["network", "ls", "-q"])?.is_empty());
    Ok(())
}

/// Nothing but what belongs to the container that stays.
fn expect_nothing_left(stays: &Container) -> Result<()> {
    ensure!(leases()?.keys().eq([&stays.id]), "leases: {:?}", leases()?);
    let hosts = std::fs::read_to_string(format!("/tmp/store/{}/hosts", stays.id))?;
    ensure!(!hosts.contains("victim"), "{hosts}");
    eventually("no proxy is left", || Ok(processes_with("port-proxy").is_empty()))?;
    TcpListener::bind("0.0.0.0:8080").context("the port is still taken")?;
    eventually("no network namespace is left", || {
        let known = [std::process::id() as i32, stays.pid].into_iter().chain(processes_with("network-holder"));
        let known: BTreeSet<u64> = known.filter_map(network_of).collect();
        Ok(all_networks().is_subset(&known))
    })?;
    if geteuid().is_root() {
        let own = format!("veth{}", &stays.id[..8]);
        eventually("no cable is left", || Ok(cables()? == [own.clone()]))?;
        let tables = tables()?;
        ensure!(tables.iter().all(|table| table.contains("coracle-c")), "{tables:?}");
    }
    Ok(())
}

fn network_of(pid: i32) -> Option<u64> {
    std::fs::metadata(format!("/proc/{pid}/ns/net")).ok().map(|meta| meta.ino())
}

fn all_networks() -> BTreeSet<u64> {
    let pids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|entry| network_of(entry.file_name().to_str()?.parse().ok()?)).collect()
}

fn end(pids: &[i32]) -> Result<()> {
    for pid in pids {
        kill(Pid::from_raw(*pid), Signal::SIGKILL)?;
    }
    eventually("they are gone", || Ok(pids.iter().all(|pid| !lab::observe::process_exists(*pid))))
}

fn a_killed_proxy_leaves_nothing_and_its_container_goes_on() -> Result<()> {
    let web = Container::serving("web", &["-p", "8080:80"])?;
    end(&processes_with("port-proxy"))?;
    ensure!(web.fetches(&format!("http://{}/hostname", web.address()?))?.is_some());
    web.remove()?;
    ensure!(leases()?.is_empty());
    if geteuid().is_root() {
        ensure!(tables()? == ["ip coracle-coracle0"], "{:?}", tables()?);
    }
    Container::serving("again", &["-p", "8080:80"])?;
    ensure!(fetch("http://127.0.0.1:8080/hostname").is_ok());
    Ok(())
}

fn a_killed_holder_is_told_and_replaced() -> Result<()> {
    needs::ordinary_user()?;
    let boat = Container::idle("boat", &[])?;
    let address = boat.address()?;
    ensure!(processes_with("network-holder").len() == 1, "there is no holder: the test proves nothing");
    end(&processes_with("network-holder"))?;
    let list = succeeds(&["ps"])?;
    ensure!(list.contains("offline"), "{list}");
    eventually("the link is gone", || Ok(boat.interfaces()? == ["lo"]))?;
    let new = Container::idle("new", &[])?;
    ensure!(new.interfaces()? == ["eth0", "lo"]);
    ensure!(new.address()? != address, "an address is there twice");
    // The new holder keeps another network: it doesn't connect the old container again.
    let list: serde_json::Value = serde_json::from_str(&succeeds(&["ps", "--format", "json"])?)?;
    let all = list.as_array().context("no array")?;
    let mut states: Vec<_> = all.iter().map(|one| (one["name"].as_str(), one["status"].as_str())).collect();
    states.sort();
    ensure!(states == [(Some("boat"), Some("offline")), (Some("new"), Some("running"))], "{states:?}");
    let error = crate::world::refused(&["run", "--network", "container:boat", "hostbox", "true"], 125)?;
    ensure!(error.contains("container boat has lost its network") && error.contains("cure:"), "{error}");
    for container in [boat, new] {
        container.remove()?;
    }
    ensure!(leases()?.is_empty());
    Ok(())
}

fn the_holder_ends_when_nobody_has_an_address() -> Result<()> {
    needs::ordinary_user()?;
    let run = program(&["run", "hostbox", "true"]).output()?;
    ensure!(run.status.success() && run.stderr.is_empty(), "{}", format_output(&run));
    ensure!(processes_with("network-holder").len() == 1, "there is no holder: the test proves nothing");
    eventually_within(Duration::from_secs(30), "the holder ends", || Ok(processes_with("network-holder").is_empty()))?;
    ensure!(!std::path::Path::new("/tmp/store/network/holder.json").exists());
    Ok(())
}
