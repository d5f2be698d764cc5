//! PID 1 with and without an init.

use std::time::Duration;

use anyhow::{Result, ensure};
use lab::observe;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};
use testkit::{Case, cases, eventually};

use crate::running::{self, Running, status_field};

pub fn cases() -> Vec<Case> {
    cases![
        init_is_pid_1_and_the_command_its_child,
        an_orphan_is_reaped_by_init,
        without_an_init_an_orphan_stays_a_zombie,
        through_an_init_a_signal_kills_a_command_without_a_handler,
        init_exits_as_its_child_did,
        killing_an_init_outside_a_pid_namespace_kills_the_command,
        init_holds_no_descriptor_but_the_first_three,
        an_orphan_killed_by_a_real_time_signal_is_reaped_as_any,
        a_command_killed_by_a_real_time_signal_has_its_status,
    ]
}

fn init_is_pid_1_and_the_command_its_child() -> Result<()> {
    let running = Running::start(&["--init"], "echo $$;")?;
    ensure!(running.said.trim() == "2", "the command is PID {}", running.said.trim());
    ensure!(observe::ns_pids(running.pid)?.last() == Some(&1), "NSpid of init is {:?}", observe::ns_pids(running.pid)?);
    Ok(())
}

/// A grandchild that outlives its parent, an orphan of the PID namespace, and ends when it is told
/// to.
const ORPHAN: &str = "sh -c 'while ! [ -e /tmp/end ]; do sleep 0.02; done & exit';";

fn end_the_orphan() -> Result<()> {
    Ok(std::fs::write("/tmp/end", "")?)
}

fn an_orphan_is_reaped_by_init() -> Result<()> {
    let running = Running::start(&["--init"], ORPHAN)?;
    ensure!(observe::children(running.pid).len() == 2, "init has the children {:?}", observe::children(running.pid));
    end_the_orphan()?;
    eventually("only the command is left below init", || Ok(observe::children(running.pid).len() == 1))
}

fn without_an_init_an_orphan_stays_a_zombie() -> Result<()> {
    // A PID 1 that never waits. (A shell would reap when it next runs a command.)
    let running = Running::start(&[], &format!("{ORPHAN} echo ready; exec cat;"))?;
    eventually("PID 1 is cat", || Ok(status_field(running.pid, "Name")? == "cat"))?;
    end_the_orphan()?;
    let zombies = || {
        let state = |pid: i32| status_field(pid, "State").unwrap_or_default();
        observe::children(running.pid).into_iter().filter(|pid| state(*pid).starts_with('Z')).count()
    };
    eventually("the orphan is a zombie", || Ok(zombies() == 1))?;
    std::thread::sleep(Duration::from_millis(100));
    ensure!(zombies() == 1, "somebody reaped it");
    Ok(())
}

fn through_an_init_a_signal_kills_a_command_without_a_handler() -> Result<()> {
    let mut running = Running::start(&["--init"], "")?;
    kill(Pid::from_raw(running.child.id() as i32), Signal::SIGTERM)?;
    let ended = running.wait()?;
    ensure!(ended.code() == Some(143), "it ended with {ended}");
    running::expect_empty_store()
}

fn init_exits_as_its_child_did() -> Result<()> {
    for (script, status) in [("exit 7", 7), ("kill -KILL $$", 137), ("true", 0)] {
        let ended = running::run(&["--init"], script).status()?;
        ensure!(ended.code() == Some(status), "{script:?} ended with {ended}");
    }
    let output = running::program().args(["run", "--init", "--", "no-such-command"]).output()?;
    ensure!(output.status.code() == Some(127), "{output:?}");
    ensure!(String::from_utf8_lossy(&output.stderr).contains("command not found"), "{output:?}");
    Ok(())
}

fn killing_an_init_outside_a_pid_namespace_kills_the_command() -> Result<()> {
    let namespaces = if Uid::effective().is_root() { "uts" } else { "user,uts" };
    let running = Running::start(&["--init", "--namespaces", namespaces], "")?;
    let command = observe::children(running.pid)[0];
    kill(Pid::from_raw(running.pid), Signal::SIGKILL)?;
    eventually("the command dies with its init", || Ok(!observe::process_exists(command)))
}

fn init_holds_no_descriptor_but_the_first_three() -> Result<()> {
    let running = Running::start(&["--init"], "")?;
    let fds: Vec<i32> = observe::open_fds(running.pid)?.into_keys().collect();
    ensure!(fds == [0, 1, 2], "open in init: {fds:?}");
    Ok(())
}

fn an_orphan_killed_by_a_real_time_signal_is_reaped_as_any() -> Result<()> {
    let script = "sh -c 'sleep 60 & echo $! >/tmp/orphan'; kill -40 $(cat /tmp/orphan); sleep 0.2; exit 3";
    let output = running::run(&["--init"], script).output()?;
    ensure!(output.status.code() == Some(3), "{output:?}");
    Ok(())
}

fn a_command_killed_by_a_real_time_signal_has_its_status() -> Result<()> {
    // SIGRTMAX, of which the shell says: 128 + 64.
    let kinds = if Uid::effective().is_root() { "uts" } else { "user,uts" };
    for args in [&["--namespaces", kinds][..], &["--init"]] {
        let output = running::run(args, "kill -64 $$").output()?;
        ensure!(output.status.code() == Some(192), "{args:?}: {output:?}");
    }
    let running = Running::start(&[], "")?;
    let mut enter = running::program();
    let output = enter.args(["enter", &running.pid.to_string(), "sh", "-c", "kill -64 $$"]).output()?;
    ensure!(output.status.code() == Some(192), "enter: {output:?}");
    Ok(())
}
