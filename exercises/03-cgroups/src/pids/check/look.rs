//! How many processes a group may have, and has.

use anyhow::Result;
use checker::{Program, random};
use nix::unistd::Pid;

use crate::groups::{Groups, Run, start, within_moments};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// The group has a process in it that starts others, when the limit is set.
    There,
    /// There is no group.
    Gone,
}

#[derive(Debug, Clone)]
pub struct Seen {
    pub case: Case,
    pub run: Run,
    pub wanted: u64,
    /// As the file has it; `None`: there is none.
    pub limit: Option<u64>,
    /// How many processes were in the group when one could start no more, or had started more than enough.
    pub processes: u64,
    /// Whether the kernel has refused one.
    pub refused: bool,
    /// Whether the program's own first process may start fewer than before.
    pub rlimit: bool,
}

pub fn at(program: &Program, case: Case) -> Result<Seen> {
    let wanted = u64::from(random::within(4..14));
    let word = if case == Case::There { "there" } else { "gone" };
    let (mut running, groups) = start(program, &[&wanted.to_string(), word])?;
    let main = running.main();
    let limits = processes_allowed(main);
    let heard = running.go_on()?;
    let limit = groups.read("pids", "pids.max").and_then(|text| text.parse().ok());
    let rlimit = processes_allowed(main) != limits;
    let current = || count(&groups);
    let refused = || groups.read("pids", "pids.events").is_some_and(|text| !text.lines().any(|line| line == "max 0"));
    let run_ended = !lab::look::process_exists(main);
    if case == Case::There && !run_ended {
        // Only now: what the given process starts before would be there when the limit comes.
        let first = groups.folders().iter().flat_map(|folder| groups.processes(folder)).next();
        if let Some(first) = first {
            let _ = nix::sys::signal::kill(Pid::from_raw(first), nix::sys::signal::Signal::SIGUSR1);
        }
        within_moments(|| refused() || current() >= GIVEN);
    }
    let (processes, refused) = (current(), refused());
    Ok(Seen { case, wanted, limit, processes, refused, rlimit, run: Run::end(running, heard) })
}

/// How many processes the given one tries to have, with itself.
pub const GIVEN: u64 = 20;

fn count(groups: &Groups) -> u64 {
    groups.read("pids", "pids.current").and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// RLIMIT_NPROC, as a line of /proc/PID/limits.
fn processes_allowed(pid: i32) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    text.lines().find(|line| line.starts_with("Max processes")).map(ToString::to_string)
}
