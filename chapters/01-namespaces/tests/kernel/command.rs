//! What the command gets of its caller's (streams, descriptors, signals) and gives back (its exit
//! status).

use std::io::Write;
use std::os::fd::AsRawFd;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::observe;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};
use testkit::{Case, cases, eventually, needs};

use crate::running::{self, Running, Scratch, status_field};

pub fn cases() -> Vec<Case> {
    cases![
        exit_statuses_are_the_commands_own,
        failures_to_run_the_command_have_dockers_statuses,
        stdin_stdout_and_stderr_are_the_commands_own,
        the_command_gets_no_descriptor_but_the_first_three,
        the_command_gets_the_callers_signal_settings,
        a_signal_sent_to_run_reaches_a_handler_inside,
        a_pid_1_without_a_handler_is_spared,
        killing_run_kills_the_container,
    ]
}

fn exit_statuses_are_the_commands_own() -> Result<()> {
    for (script, status) in [("true", 0), ("exit 3", 3), ("exit 255", 255)] {
        let ended = running::run(&[], script).status()?;
        ensure!(ended.code() == Some(status), "{script:?} ended with {ended}");
    }
    // In a PID namespace a PID 1 can't kill itself: the kernel spares it.
    let namespaces = if Uid::effective().is_root() { "uts" } else { "user,uts" };
    let ended = running::run(&["--namespaces", namespaces], "kill -TERM $$").status()?;
    ensure!(ended.code() == Some(143), "killed by TERM, it ended with {ended}");
    Ok(())
}

fn failures_to_run_the_command_have_dockers_statuses() -> Result<()> {
    let scratch = Scratch::new()?;
    let text = scratch.file("text", "no format at all\n", 0o755)?;
    let locked = scratch.file("locked", "#!/bin/sh\n", 0o644)?;
    let orphan = scratch.file("orphan", "#!/no/such/interpreter\n", 0o755)?;
    for (command, status, word) in [
        ("no-such-command", 127, "PATH"),
        ("/no/such/command", 127, "ENOENT"),
        (orphan.as_str(), 127, "interpreter"),
        (text.as_str(), 126, "ENOEXEC"),
        (locked.as_str(), 126, "chmod +x"),
        ("/tmp", 126, "EACCES"),
    ] {
        let output = running::program().args(["run", "--", command]).output()?;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() == Some(status), "{command}: {:?}, {stderr}", output.status);
        ensure!(stderr.contains(word), "{command}: {word:?} is missing in {stderr}");
    }
    running::expect_empty_store()
}

fn stdin_stdout_and_stderr_are_the_commands_own() -> Result<()> {
    let mut child = running::run(&[], "cat; echo talk >&2")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().context("no stdin")?.write_all(b"through the container\n")?;
    let output = child.wait_with_output()?;
    ensure!(output.stdout == b"through the container\n", "stdout: {:?}", String::from_utf8_lossy(&output.stdout));
    ensure!(output.stderr == b"talk\n", "stderr: {:?}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn the_command_gets_no_descriptor_but_the_first_three() -> Result<()> {
    // Two that a careless caller leaves open, one of them a directory (CVE-2024-21626).
    let (directory, file) = (std::fs::File::open("/")?, std::fs::File::open("/proc/self/status")?);
    for leaked in [&directory, &file] {
        fcntl(leaked, FcntlArg::F_SETFD(FdFlag::empty()))?;
    }
    let running = Running::start(&[], "")?;
    let fds: Vec<i32> = observe::open_fds(running.pid)?.into_keys().collect();
    ensure!(fds == [0, 1, 2], "open inside: {fds:?} (leaked here: {}, {})", directory.as_raw_fd(), file.as_raw_fd());
    Ok(())
}

fn the_command_gets_the_callers_signal_settings() -> Result<()> {
    // Other shells never ignore SIGCHLD.
    needs::program("bash")?;
    const PIPE_CHLD_USR1: [u64; 3] = [1 << 12, 1 << 16, 1 << 9];
    let [pipe, chld, usr1] = PIPE_CHLD_USR1;
    let ignored = |pid: i32| -> Result<u64> { Ok(u64::from_str_radix(&status_field(pid, "SigIgn")?, 16)?) };
    // What whoever runs these tests ignores, less the SIGPIPE that Rust ignores in this process.
    let callers = ignored(Pid::this().as_raw())? & !pipe;
    // With SIGCHLD ignored, a parent that waits for its child would fail with ECHILD.
    for (trap, more) in [("", 0), ("trap '' CHLD USR1;", chld | usr1)] {
        let running = Running::start_under(&format!("{trap} exec \"$@\""))?;
        let inside = ignored(running.pid)?;
        ensure!(inside == callers | more, "after {trap:?}: {inside:#x} are ignored inside, {callers:#x} here");
        let blocked = status_field(running.pid, "SigBlk")?;
        ensure!(
            blocked == status_field(Pid::this().as_raw(), "SigBlk")?,
            "after {trap:?}: {blocked} are blocked inside"
        );
    }
    Ok(())
}

fn a_signal_sent_to_run_reaches_a_handler_inside() -> Result<()> {
    for (signal, name) in [(Signal::SIGTERM, "TERM"), (Signal::SIGUSR1, "USR1"), (Signal::SIGHUP, "HUP")] {
        let mut running = Running::start(&[], &format!("trap 'exit 42' {name};"))?;
        kill(Pid::from_raw(running.child.id() as i32), signal)?;
        let ended = running.wait()?;
        ensure!(ended.code() == Some(42), "after {name} it ended with {ended}");
    }
    Ok(())
}

fn a_pid_1_without_a_handler_is_spared() -> Result<()> {
    let mut running = Running::start(&[], "")?;
    kill(Pid::from_raw(running.child.id() as i32), Signal::SIGTERM)?;
    std::thread::sleep(Duration::from_millis(200));
    ensure!(observe::process_exists(running.pid), "TERM killed a PID 1 that has no handler");
    drop(running.child.stdin.take());
    ensure!(running.child.wait()?.success(), "it did not end by itself");
    Ok(())
}

fn killing_run_kills_the_container() -> Result<()> {
    let mut running = Running::start(&[], "")?;
    running.child.kill()?;
    running.child.wait()?;
    eventually("the container dies with the run that made it", || Ok(!observe::process_exists(running.pid)))?;
    // What a killed run can't remove, the next one does.
    ensure!(running::run(&[], "true").status()?.success());
    running::expect_empty_store()
}
