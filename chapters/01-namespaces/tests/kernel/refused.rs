//! Machines that refuse, simulated: `run` and the tour tell the two refusals apart and end in a way
//! forward.

use crate::running;
use anyhow::{Result, ensure};
use doctor::Verdict;
use testkit::{Case, cases, needs, refusing};

pub fn cases() -> Vec<Case> {
    cases![
        a_refusal_at_the_clone_is_told_with_its_cure,
        a_refusal_after_the_clone_is_told_with_its_cure,
        a_refusal_of_the_uid_map_is_told_with_its_cure,
        no_more_user_namespaces_names_the_setting_and_how_to_change_it,
        the_tour_says_why_it_ends_early,
        a_clone3_that_is_not_there_is_no_refusal,
        without_refusal_an_eperm_is_not_blamed_on_the_machine,
    ]
}

/// The error, and what to do about it: each cure that doctor knows for the refusal here, and the
/// throwaway machine.
fn expect_refusal(more: &[&str], parts: &[&str]) -> Result<()> {
    let report = doctor::examine();
    let verdict = report.verdict_with_user_namespace();
    ensure!(verdict != Verdict::Ready, "nothing is refused here: the test proves nothing");
    let advice = doctor::advice(&verdict, &report.machine);
    let cures: Vec<_> = advice.cures.iter().map(|cure| cure.command.as_str()).collect();
    needs::that(!cures.is_empty(), "a machine for whose refusals doctor knows a cure")?;

    let args = [&["--namespaces", "user,uts,pid,mount", "--hostname", "boat"], more].concat();
    let output = running::run(&args, "echo ran").output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(125) && output.stdout.is_empty(), "{:?}: {stderr}", output.status);
    for part in [parts, &cures, &["Cause: ", "cargo wb check --vm"]].concat() {
        ensure!(stderr.contains(part), "{part:?} is missing in {stderr}");
    }
    ensure!(!stderr.contains("likely cause"), "what is known is guessed as well: {stderr}");
    running::expect_empty_store()
}

fn a_refusal_at_the_clone_is_told_with_its_cure() -> Result<()> {
    needs::user_namespaces()?;
    refusing::clone_refused()?;
    expect_refusal(&[], &["clone3(CLONE_NEW", "EPERM", "this machine refuses new namespaces"])
}

fn a_refusal_after_the_clone_is_told_with_its_cure() -> Result<()> {
    needs::user_namespaces()?;
    refusing::powers_refused()?;
    expect_refusal(&[], &["makes namespaces and then refuses to use them", "sethostname: EPERM"])
}

fn a_refusal_of_the_uid_map_is_told_with_its_cure() -> Result<()> {
    needs::user_namespaces()?;
    refusing::map_refused()?;
    // Root would map all its ids.
    expect_refusal(&["--map-root"], &["makes namespaces and then refuses to use them", "write uid_map: EPERM"])
}

fn no_more_user_namespaces_names_the_setting_and_how_to_change_it() -> Result<()> {
    needs::user_namespaces()?;
    refusing::no_more_user_namespaces()?;
    expect_refusal(&[], &["ENOSPC", "sudo sysctl -w user.max_user_namespaces="])
}

fn the_tour_says_why_it_ends_early() -> Result<()> {
    needs::ordinary_user()?;
    needs::user_namespaces()?;
    refusing::clone_refused()?;
    let output = running::program().output()?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.code() == Some(125), "{:?}", output.status);
    ensure!(stdout.contains("Two processes, one program"), "the tour did not begin: {stdout}");
    ensure!(stderr.contains("the tour ends early") && stderr.contains("this machine refuses"), "{stderr}");
    Ok(())
}

fn a_clone3_that_is_not_there_is_no_refusal() -> Result<()> {
    // As root without a user namespace, Docker's filter refuses nothing: clone3 is ENOSYS, and clone
    // takes its place.
    needs::root()?;
    refusing::clone_refused()?;
    let output = running::run(&["--hostname", "boat"], "hostname; echo $$").output()?;
    ensure!(output.status.success() && output.stdout == b"boat\n1\n", "{output:?}");
    Ok(())
}

fn without_refusal_an_eperm_is_not_blamed_on_the_machine() -> Result<()> {
    needs::ordinary_user()?;
    needs::user_namespaces()?;
    let output = running::run(&["--namespaces", "uts"], "true").output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(125), "{:?}", output.status);
    ensure!(stderr.contains("add user to --namespaces") && !stderr.contains("this machine"), "{stderr}");
    Ok(())
}
