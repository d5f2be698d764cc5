//! Many containers: at once, and one after another.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use lab::observe;
use nix::unistd::Uid;
use testkit::{Case, cases, needs};

use crate::running::{self, Running};

pub fn cases() -> Vec<Case> {
    // Half a minute for a thousand, and some times as long on a machine that does other things.
    let cases = cases![two_hundred_at_once_leave_nothing, a_thousand_one_after_another_leave_nothing];
    cases.into_iter().map(|case| case.time_limit(Duration::from_secs(300))).collect()
}

fn two_hundred_at_once_leave_nothing() -> Result<()> {
    // Two pipes each.
    needs::open_files(1000)?;
    let before = Traces::now()?;
    // All are begun before the first is waited for, and none ends before its stdin does.
    let begun =
        (0..200).map(|_| Running::begin(in_all_namespaces("echo ready; read line;"))).collect::<Result<Vec<_>>>()?;
    let all = begun.into_iter().map(Running::ready).collect::<Result<Vec<_>>>()?;

    for kind in ["pid", "uts", "mnt"] {
        let inodes = all.iter().map(|one| observe::namespace_inode(one.pid, kind)).collect::<Result<BTreeSet<_>>>()?;
        ensure!(inodes.len() == 200, "{} {kind} namespaces are there at this moment", inodes.len());
    }
    for one in &all {
        ensure!(observe::ns_pids(one.pid)?.last() == Some(&1), "process {} is no PID 1", one.pid);
    }
    for one in all {
        ensure!(one.let_go()?.success(), "one of 200 failed");
    }
    before.expect_no_more()
}

fn a_thousand_one_after_another_leave_nothing() -> Result<()> {
    let before = Traces::now()?;
    for round in 0..1000 {
        ensure!(in_all_namespaces("").status()?.success(), "round {round} failed");
    }
    before.expect_no_more()
}

fn in_all_namespaces(script: &str) -> Command {
    let namespaces = if Uid::effective().is_root() { "cgroup,ipc,mount,net,pid,time,uts" } else { "all" };
    running::run(
        &["--namespaces", namespaces, "--hostname", "boat"],
        &format!("test $(hostname) = boat && {script} true"),
    )
}

/// What containers could leave behind: processes, mounts, namespaces that a process is in, files.
#[derive(Debug, PartialEq)]
struct Traces {
    processes: Vec<i32>,
    mounts: String,
    namespaces: BTreeSet<PathBuf>,
}

impl Traces {
    fn now() -> Result<Traces> {
        let all = observe::descendants(1);
        let links =
            all.iter().flat_map(|pid| std::fs::read_dir(format!("/proc/{pid}/ns")).into_iter().flatten().flatten());
        Ok(Traces {
            namespaces: links.filter_map(|link| std::fs::read_link(link.path()).ok()).collect(),
            processes: all,
            mounts: std::fs::read_to_string("/proc/self/mountinfo")?,
        })
    }

    fn expect_no_more(self) -> Result<()> {
        let now = Traces::now()?;
        ensure!(now == self, "before: {self:#?}\nafter: {now:#?}");
        running::expect_empty_store()
    }
}
