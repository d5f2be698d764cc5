//! What root inside may not do, for the command of `run` and for that of `exec`.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;
use testkit::{Case, cases, needs};

use crate::running::{run, send, started, stderr, stdout};

pub fn cases() -> Vec<Case> {
    cases![
        root_inside_keeps_dockers_capabilities_unless_privileged,
        no_namespace_is_made_inside_unless_privileged,
        a_second_process_has_the_powers_of_the_first,
        with_no_new_privileges_the_command_has_promised_it_and_its_end_and_signals_arrive,
        the_working_directory_is_inside,
    ]
}

/// Docker's documented 14.
const DOCKERS: u64 = 0xa804_25fb;
const SETS: &str = "grep ^Cap /proc/self/status";

/// CapInh, CapPrm, CapEff, CapBnd, CapAmb.
fn sets(said: &str) -> Result<Vec<u64>> {
    let hex = said.lines().filter_map(|line| line.split_once(":\t"));
    hex.map(|(_, hex)| u64::from_str_radix(hex, 16).with_context(|| format!("no sets in {said}"))).collect()
}

fn root_inside_keeps_dockers_capabilities_unless_privileged() -> Result<()> {
    for lab in ["--init", "--no-lab"] {
        let all = sets(&stdout(&run(&["run", lab, "--privileged", "sh", "-c", SETS])?))?;
        let kept = sets(&stdout(&run(&["run", lab, "sh", "-c", SETS])?))?;
        // Root of a machine may lack some.
        let expected = all.get(1).context("five sets")? & DOCKERS;
        ensure!(kept == [0, expected, expected, expected, 0], "{lab}: {kept:x?} of {all:x?}");
        ensure!(expected != all[1] && expected != 0, "{lab}: {all:x?}");
    }
    Ok(())
}

fn no_namespace_is_made_inside_unless_privileged() -> Result<()> {
    needs::program("unshare")?;
    for lab in ["--init", "--no-lab"] {
        let refused = run(&["run", lab, "unshare", "--user", "true"])?;
        ensure!(!refused.status.success() && stderr(&refused).contains("not permitted"), "{lab}: {refused:?}");
        let made = run(&["run", lab, "--privileged", "unshare", "--user", "true"])?;
        ensure!(made.status.success(), "{lab}: {made:?}");
    }
    Ok(())
}

fn a_second_process_has_the_powers_of_the_first() -> Result<()> {
    for (number, privileged) in [&["--no-lab"][..], &["--no-lab", "--privileged"], &[]].into_iter().enumerate() {
        let name = format!("sealed-{number}-{}", std::process::id());
        let words = ["--name", &name, "sh", "-c", "echo ready; read line"];
        let mut first = started(&[&["run"], privileged, &words[..]].concat(), Stdio::piped())?;
        let script = "for pid in 1 self; do grep -E '^(Cap|Seccomp)' /proc/$pid/status; done";
        let both = stdout(&run(&["exec", &name, "sh", "-c", script])?);
        let lines: Vec<_> = both.lines().collect();
        let (one, other) = lines.split_at(lines.len() / 2);
        ensure!(one == other && one.len() >= 6, "{privileged:?}: {both}");
        drop(first.stdin.take());
        first.wait()?;
    }
    Ok(())
}

fn with_no_new_privileges_the_command_has_promised_it_and_its_end_and_signals_arrive() -> Result<()> {
    let option = ["run", "--no-lab", "--security-opt", "no-new-privileges"];
    let name = format!("locked-{}", std::process::id());
    let script = "trap 'exit 9' USR1; echo ready; while :; do sleep 0.05; done";
    let mut first = started(&[&option[..], &["--name", &name, "sh", "-c", script]].concat(), Stdio::null())?;
    let second = run(&["exec", &name, "grep", "NoNewPrivs", "/proc/self/status"])?;
    ensure!(stdout(&second) == "NoNewPrivs:\t1", "{second:?}");
    send(&first, Signal::SIGUSR1)?;
    ensure!(first.wait()?.code() == Some(9), "the signal didn't arrive, or the code");
    let output = run(&[&option[..], &["sh", "-c", "grep NoNewPrivs /proc/self/status; exit 5"]].concat())?;
    ensure!(stdout(&output) == "NoNewPrivs:\t1" && output.status.code() == Some(5), "{output:?}");
    Ok(())
}

fn the_working_directory_is_inside() -> Result<()> {
    let output = run(&["run", "-w", "/usr/bin", "sh", "-c", "pwd"])?;
    ensure!(stdout(&output) == "/usr/bin", "{output:?}");
    let missing = run(&["run", "--no-lab", "-w", "/none", "pwd"])?;
    ensure!(missing.status.code() == Some(125) && stderr(&missing).contains("/none"), "{missing:?}");
    // CVE-2024-21626: a directory of the host's was left open.
    let leak = format!("exec 9</; exec {} run --no-lab -w /proc/self/fd/9 ls", env!("CARGO_BIN_EXE_mydocker-solved"));
    let refused = Command::new("sh").args(["-c", &leak]).stdin(Stdio::null()).output()?;
    ensure!(refused.status.code() == Some(125) && stdout(&refused).is_empty(), "{refused:?}");
    let name = format!("inside-{}", std::process::id());
    let words = ["run", "--no-lab", "--name", &name, "sh", "-c", "echo ready; read line"];
    let mut first = started(&words, Stdio::piped())?;
    let second = run(&["exec", "-w", "/usr/bin", &name, "sh", "-c", "pwd"])?;
    drop(first.stdin.take());
    first.wait()?;
    ensure!(stdout(&second) == "/usr/bin", "{second:?}");
    Ok(())
}
