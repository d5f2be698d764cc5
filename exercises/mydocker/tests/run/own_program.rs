//! What its processes inside a container show of the caller: neither its program's file, to write
//! to (CVE-2019-5736), nor its environment.

use std::fs::File;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use lab::observe;
use nix::fcntl::{FcntlArg, fcntl};
use testkit::{Case, cases, eventually, needs};

use crate::running::{mydocker, run, started, stdout};

pub fn cases() -> Vec<Case> {
    cases![no_program_in_a_container_can_be_written_to, the_callers_environment_is_not_shown_inside]
}

/// F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE of fcntl(2).
const ALL_SEALS: i32 = 0xf;

fn is_sealed(pid: i32) -> Result<bool> {
    let program = File::open(format!("/proc/{pid}/exe"))?;
    Ok(fcntl(&program, FcntlArg::F_GET_SEALS).is_ok_and(|seals| seals & ALL_SEALS == ALL_SEALS))
}

fn no_program_in_a_container_can_be_written_to() -> Result<()> {
    let name = format!("sealed-{}", std::process::id());
    let words = ["run", "--no-lab", "--init", "--name", &name, "sh", "-c", "echo ready; cat"];
    let mut first = started(&words, Stdio::piped())?;
    ensure!(is_sealed(first.id() as i32)?, "run");
    let init = *observe::children(first.id() as i32).first().context("no init")?;
    ensure!(is_sealed(init)?, "the init");
    let mut second = mydocker(&["exec", &name, "cat"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    // Its child is in the container; until cat is there, the program is ours.
    eventually("exec has a child", || Ok(!observe::children(second.id() as i32).is_empty()))?;
    ensure!(is_sealed(second.id() as i32)?, "exec");
    for child in [&mut second, &mut first] {
        drop(child.stdin.take());
        ensure!(child.wait()?.success());
    }
    Ok(())
}

fn the_callers_environment_is_not_shown_inside() -> Result<()> {
    needs::user_namespaces()?;
    let script = "env; tr '\\0' '\\n' </proc/1/environ";
    for flags in [&["--no-lab"][..], &["--no-lab", "--init"], &["--init"], &[]] {
        let words = [&["run"], flags, &["sh", "-c", script]].concat();
        let output = mydocker(&words).env("TOKEN", "very secret").stdin(Stdio::null()).output()?;
        let said = stdout(&output);
        ensure!(said.contains("PATH=") && !said.contains("secret"), "{flags:?}: {output:?}");
    }
    let name = format!("quiet-{}", std::process::id());
    let mut first = started(&["run", "--no-lab", "--name", &name, "sh", "-c", "echo ready; read l"], Stdio::piped())?;
    let output = mydocker(&["exec", &name, "env"]).env("TOKEN", "very secret").stdin(Stdio::null()).output()?;
    ensure!(stdout(&output).contains("PATH=") && !stdout(&output).contains("secret"), "exec: {output:?}");
    drop(first.stdin.take());
    first.wait()?;
    ensure!(run(&["ps"])?.status.success());
    Ok(())
}
