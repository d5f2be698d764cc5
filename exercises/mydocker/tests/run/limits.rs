//! Its limits.

use std::io::{Read, Write};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;
use testkit::{Case, cases, needs};

use crate::running::{run, send, started, stderr, stdout};

pub fn cases() -> Vec<Case> {
    // A lab in a lab has no groups of its own.
    let with_groups =
        cases![what_is_limited_stays_within_its_limits, a_paused_container_stands_still_until_it_may_go_on];
    let with_own = cases![a_time_that_is_refused_leaves_no_group];
    let with_groups = with_groups.into_iter().map(|case| case.on_the_machine());
    with_groups.chain(with_own.into_iter().map(|case| case.with_own_cgroups())).collect()
}

fn what_is_limited_stays_within_its_limits() -> Result<()> {
    let limited =
        |option: &str, value: &str, script: &str| run(&["run", "--name", "limited", option, value, "sh", "-c", script]);
    let first = limited("--pids", "5", "cat /proc/self/cgroup")?;
    // Root may always make some, and then it has to be.
    let none = first.status.code() == Some(125) && !nix::unistd::geteuid().is_root();
    needs::that(!none, "a cgroup that may be divided")?;
    ensure!(first.status.success() && stdout(&first).lines().any(|line| line.ends_with(":/")), "{first:?}");
    let forks = limited("--pids", "3", "for n in 1 2 3 4 5; do sleep 1 & done; echo all")?;
    ensure!(!stdout(&forks).contains("all"), "{forks:?}");
    let hog = limited("--memory", "16m", "head -c 100m /dev/zero | tail; exit $?")?;
    ensure!(hog.status.code() == Some(137) && stderr(&hog).contains("out of memory"), "{hog:?}");
    let busy = limited("--cpus", "0.1", "timeout 1 sh -c 'while :; do :; done'; times")?;
    ensure!(busy.status.success(), "{busy:?}");
    let none = limited("--cpus", "0", "true")?;
    ensure!(none.status.code() == Some(125), "{none:?}");
    Ok(())
}

fn a_paused_container_stands_still_until_it_may_go_on() -> Result<()> {
    let first = run(&["run", "--pids", "5", "true"])?;
    let none = first.status.code() == Some(125) && !nix::unistd::geteuid().is_root();
    needs::that(!none, "a cgroup that may be divided")?;

    let name = format!("paused-{}", std::process::id());
    let script = "echo ready; while read line; do echo $line; done";
    let mut child = started(&["run", "--name", &name, "--pids", "5", "sh", "-c", script], Stdio::piped())?;
    // The hierarchies with limits (v1), or the only one; a root is a container's own.
    let second = run(&["exec", &name, "cat", "/proc/self/cgroup"])?;
    let said = stdout(&second);
    let limited = said.lines().filter(|line| line.contains(":pids:") || line.contains(":memory:") || *line == said);
    ensure!(limited.clone().count() > 0 && limited.clone().all(|line| line.ends_with(":/")), "{second:?}");
    let paused = run(&["pause", &name])?;
    child.stdin.as_mut().context("its stdin")?.write_all(b"heard\n")?;
    std::thread::sleep(std::time::Duration::from_millis(300));
    let said = {
        use std::os::fd::AsFd;
        let stdout = child.stdout.as_ref().context("its stdout")?;
        let mut events = [nix::poll::PollFd::new(stdout.as_fd(), nix::poll::PollFlags::POLLIN)];
        nix::poll::poll(&mut events, nix::poll::PollTimeout::ZERO)?
    };
    let unpaused = run(&["unpause", &name])?;
    ensure!(paused.status.success() && unpaused.status.success(), "{paused:?}, {unpaused:?}");
    ensure!(said == 0, "it has heard what was said to it while it was paused");
    child.stdout.as_mut().context("its stdout")?.read_exact(&mut [0; "heard\n".len()])?;

    // It ends with its lab, though it is paused: on v1 nothing frozen can be killed.
    ensure!(run(&["pause", &name])?.status.success());
    send(&child, Signal::SIGTERM)?;
    ensure!(child.wait()?.code() == Some(143));
    Ok(())
}

fn a_time_that_is_refused_leaves_no_group() -> Result<()> {
    let limited =
        |more: &[&str]| run(&[&["run", "--no-lab", "--name", "late", "--pids", "5"], more, &["true"]].concat());
    let first = limited(&[])?;
    let none = first.status.code() == Some(125) && !nix::unistd::geteuid().is_root();
    needs::that(!none, "a cgroup that may be divided")?;
    ensure!(first.status.success(), "{first:?}");
    let refused = limited(&["--boottime", "999999d"])?;
    ensure!(refused.status.code() == Some(125) && stderr(&refused).contains("timens_offsets"), "{refused:?}");
    // A group that was left is another container's: its name can't be had again.
    let again = limited(&[])?;
    ensure!(again.status.success(), "{again:?}");
    Ok(())
}
