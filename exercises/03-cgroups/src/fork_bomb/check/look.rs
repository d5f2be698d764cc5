//! How many processes there are, and what the kernel has refused.

use std::fs;
use std::time::Duration;

use anyhow::Result;
use checker::{Program, random};

use crate::groups::{Run, start, stat, time_used, within_moments};

/// Why the kernel refuses a process, in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// Because of the group's limit.
    Limit,
    /// Because the PID namespace for the children is dead: the first one, and with another error.
    Dead,
}

#[derive(Debug, Clone)]
pub struct Seen {
    pub case: Case,
    pub run: Run,
    /// The limit of the group that the program is in.
    pub most: u64,
    /// How many processes are counted in the group,
    pub processes: u64,
    /// and a while later,
    pub later: u64,
    /// of which so many live.
    pub living: u64,
    /// How many the kernel has refused because of the limit.
    pub refused: u64,
    /// Whether the limit is as it was.
    pub limit_kept: bool,
    /// Whether they have used processor time since the function returned.
    pub busy: bool,
    /// In how many others than the caller the function has returned, too.
    pub returned: usize,
}

pub fn at(program: &Program, case: Case) -> Result<Seen> {
    let most = u64::from(random::within(12..40));
    let word = if case == Case::Limit { "limit" } else { "dead" };
    let (mut running, groups) = start(program, &[&most.to_string(), word])?;
    let main = running.main();
    let heard = running.go_on()?;
    let count = || groups.read("pids", "pids.current").and_then(|text| text.parse().ok()).unwrap_or_default();
    let processes = count();
    let folder = groups.folder("pids")?;
    let all = groups.processes(&folder);
    let time = time_used(&all);
    std::thread::sleep(Duration::from_millis(200));
    let all = groups.processes(&folder);
    let runs = |process: &i32| stat(*process).is_some_and(|fields| fields.starts_with('R'));
    // A tick or two are of what they did before. On a busy machine many may have less than a tick each; but who has nothing to do
    // doesn't stand in line.
    let busy = time_used(&all) > time + 2 || !within_moments(|| !all.iter().any(runs));
    let living = all.iter().filter(|process| stat(**process).is_some_and(|fields| !fields.starts_with(['Z', 'X'])));
    let others = all.iter().filter(|process| **process != main);
    Ok(Seen {
        case,
        most,
        processes,
        later: count(),
        living: living.count() as u64,
        refused: groups.count("pids", "pids.events", "pids.events", "max").unwrap_or_default(),
        limit_kept: groups.read("pids", "pids.max") == Some(most.to_string()),
        busy,
        returned: others.filter(|process| has_returned(**process)).count(),
        run: Run::end(running, heard),
    })
}

/// The program calls itself so when the function has returned, in whichever process.
fn has_returned(process: i32) -> bool {
    fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|name| name.trim() == "returned")
}
