//! On machines that refuse, simulated: `run --no-lab` says what is refused, why, and what helps.
//! (In the lab, the lab says it.)

use anyhow::{Context, Result, ensure};
use doctor::Verdict;
use lab::observe;
use testkit::{Case, cases, needs, refusing};

use crate::running::{host, mydocker, stderr, stdout};

pub fn cases() -> Vec<Case> {
    cases![
        a_refusal_at_the_clone_is_told_with_its_cure,
        a_refusal_of_the_uid_map_is_told_with_its_cure,
        a_refusal_of_the_hostname_is_told_with_its_cure,
    ]
}

fn a_refusal_at_the_clone_is_told_with_its_cure() -> Result<()> {
    // Root needs no user namespace, neither here nor for the map.
    needs::ordinary_user()?;
    needs::user_namespaces()?;
    refusing::clone_refused()?;
    expect_refusal(&["CLONE_NEWUSER", "this machine refuses new namespaces (EPERM)"])
}

fn a_refusal_of_the_uid_map_is_told_with_its_cure() -> Result<()> {
    needs::ordinary_user()?;
    needs::user_namespaces()?;
    refusing::map_refused()?;
    expect_refusal(&["/proc/self/uid_map: ", "makes namespaces and then refuses to use them\n(write uid_map: EPERM)"])
}

fn a_refusal_of_the_hostname_is_told_with_its_cure() -> Result<()> {
    needs::user_namespaces()?;
    refusing::powers_refused()?;
    expect_refusal(&["makes namespaces and then refuses to use them\n(sethostname: EPERM)"])
}

/// The error, each cure that doctor knows for the refusal here, and the throwaway machine; and
/// nothing is left.
fn expect_refusal(parts: &[&str]) -> Result<()> {
    let report = doctor::examine();
    ensure!(report.verdict() != Verdict::Ready, "nothing is refused here: the test proves nothing");
    let advice = report.advice();
    let cures: Vec<_> = advice.cures.iter().map(|cure| cure.command.as_str()).collect();
    needs::that(!cures.is_empty(), "a machine for whose refusals doctor knows a cure")?;

    let mounts = || std::fs::read_to_string("/proc/self/mountinfo").context("the mounts");
    let before = (host()?, mounts()?, observe::descendants(1));
    let output = mydocker(&["run", "--no-lab", "--hostname", "boat", "echo", "ran"]).output()?;
    ensure!(output.status.code() == Some(125) && stdout(&output).is_empty(), "{output:?}");
    for part in [parts, &cures, &["\nCause: ", "cargo wb check --vm"]].concat() {
        ensure!(stderr(&output).contains(part), "{part:?} is missing in {}", stderr(&output));
    }
    ensure!((host()?, mounts()?, observe::descendants(1)) == before, "something is left");
    Ok(())
}
