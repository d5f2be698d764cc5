//! How many processes there are, and what the kernel has refused.

use std::time::Duration;

use anyhow::Result;
use checker::{Program, random};

use crate::groups::{Run, start, time_used};

#[derive(Debug, Clone)]
pub struct Seen {
    pub run: Run,
    /// The limit of the group that the program is in.
    pub most: u64,
    /// How many processes are in the group,
    pub processes: u64,
    /// and a while later.
    pub later: u64,
    /// How many the kernel has refused.
    pub refused: u64,
    /// Whether the limit is as it was.
    pub limit_kept: bool,
    /// Whether they have used processor time since the function returned.
    pub busy: bool,
}

pub fn at(program: &Program) -> Result<Seen> {
    let most = u64::from(random::within(12..40));
    let (mut running, groups) = start(program, &[&most.to_string()])?;
    let heard = running.go_on()?;
    let count = || groups.read("pids", "pids.current").and_then(|text| text.parse().ok()).unwrap_or_default();
    let processes = count();
    let folder = groups.folder("pids")?;
    let all = groups.processes(&folder);
    let time = time_used(&all);
    std::thread::sleep(Duration::from_millis(200));
    // A tick or two are of what they did before.
    let busy = time_used(&all) > time + 2;
    let refused = groups.count("pids", "pids.events", "pids.events", "max").unwrap_or_default();
    let limit_kept = groups.read("pids", "pids.max") == Some(most.to_string());
    Ok(Seen { most, processes, later: count(), refused, limit_kept, busy, run: Run::end(running, heard) })
}
