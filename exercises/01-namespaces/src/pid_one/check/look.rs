//! What the kernel shows of a program's processes, after the answer has returned.

use std::time::Duration;

use anyhow::Result;
use checker::{Heard, Program};
use lab::{Lab, look};
use nix::sys::signal::Signal;

use crate::processes::{self, eventually, named};
use checker::namespaces::Namespaces;

/// How long a child may take to come back from the function, after its parent has.
const PATIENCE: Duration = Duration::from_millis(1000);

#[derive(Debug, Clone)]
pub struct Seen {
    pub heard: Heard,
    /// Whether the caller still runs.
    pub alive: bool,
    /// The kinds of namespaces that the caller has left.
    pub left: Vec<&'static str>,
    /// Processes that came back from the function as the child, the grandchildren that they started, and others.
    pub children: Vec<Process>,
    pub grandchildren: Vec<Process>,
    /// Children of the caller's that have ended, and that nobody has waited for.
    pub ended: usize,
    pub printed: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its parent is the caller.
    pub is_the_callers: bool,
    /// Its number in each PID namespace below the host's, the outermost first; none for a process on the host.
    pub numbers: Vec<i32>,
    /// Its PID namespace is another than the caller's.
    pub left_the_host: bool,
    /// Its PID namespace, as an inode number, and the one that its children get.
    pub namespace: Option<u64>,
    pub for_children: Option<u64>,
    /// The parent was told this one's number: the signal that it sent there has arrived here.
    pub is_known: bool,
}

pub fn at(program: &Program) -> Result<Seen> {
    let mut running = program.start(Lab::new(), &[])?;
    let main = running.main();
    let before = Namespaces::of(main);

    let heard = running.go_on()?;

    // The parent says that it has returned, and its child may be on its way still.
    eventually(PATIENCE, || !look::process_exists(main) || !named(main, "grandchild").is_empty());
    let after = Namespaces::of(main);
    let alive = look::process_exists(main);
    let all = |name| named(main, name).into_iter().map(|pid| Process::seen(pid, main)).collect();
    Ok(Seen {
        heard,
        alive,
        left: if alive { before.left(&after) } else { Vec::new() },
        children: all("child"),
        grandchildren: all("grandchild"),
        ended: look::children(main).into_iter().filter(|&pid| processes::is_zombie(pid)).count(),
        printed: running.end(),
    })
}

impl Process {
    fn seen(pid: i32, caller: i32) -> Process {
        let inode = |pid, kind| look::namespace_inode(pid, kind).ok();
        let depth = look::ns_pids(caller).map_or(0, |numbers| numbers.len());
        let numbers = look::ns_pids(pid).unwrap_or_default();
        Process {
            is_the_callers: look::children(caller).contains(&pid),
            numbers: numbers.get(depth..).unwrap_or_default().to_vec(),
            left_the_host: inode(pid, "pid") != inode(caller, "pid"),
            namespace: inode(pid, "pid"),
            for_children: inode(pid, "pid_for_children"),
            is_known: processes::is_pending(pid, Signal::SIGUSR1 as i32),
        }
    }
}
