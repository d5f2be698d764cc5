//! Whether the processes of a group run.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;
use checker::{Heard, Program};

use crate::groups::{Groups, Run, start, stat, time_used, within_moments};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// To freeze many that are busy.
    Freeze,
    /// To let them go on.
    Thaw,
    /// To freeze, and there is no group.
    Gone,
    /// To let a group go on that stays frozen, since the one that it is in is.
    Held,
}

impl Case {
    pub const ALL: [Case; 4] = [Case::Freeze, Case::Thaw, Case::Gone, Case::Held];

    fn word(self) -> &'static str {
        match self {
            Case::Freeze => "freeze",
            Case::Thaw => "thaw",
            Case::Gone => "gone",
            Case::Held => "held",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Seen {
    pub case: Case,
    pub run: Run,
    /// As the kernel says it, at the moment when the function returned; each time, if it was called several times.
    pub frozen: bool,
    /// And a while later.
    pub frozen_later: bool,
    /// Whether they have used time after that.
    pub busy: bool,
    /// Whether all of them live.
    pub alive: bool,
    /// Whether one was stopped, by a signal.
    pub stopped: bool,
}

/// On v1 nothing frozen can be killed, and nothing of a lab's is to stay.
struct Thawed<'a>(&'a Groups);

impl Drop for Thawed<'_> {
    fn drop(&mut self) {
        for folder in self.0.folders() {
            let _ = fs::write(self.0.seen(&folder).join("freezer.state"), "THAWED");
        }
    }
}

pub fn at(program: &Program, case: Case) -> Result<Seen> {
    let (mut running, groups) = start(program, &[case.word()])?;
    let thawed = Thawed(&groups);
    let folder = groups.folders();
    let processes = folder.first().map(|folder| groups.processes(folder)).unwrap_or_default();
    let heard = running.go_on()?;
    // What the program saw when the function returned; whether it is true at all, is seen from here.
    let (heard, then) = match heard {
        Heard::Number(number) => (Heard::Ok, number == 1),
        heard => (heard, false),
    };
    let frozen = is_frozen(&groups) && (then || case != Case::Freeze);
    sleep(Duration::from_millis(150));
    let frozen_later = is_frozen(&groups);
    let before = time_used(&processes);
    let grew = || time_used(&processes) > before;
    let busy = match case {
        Case::Gone | Case::Held => false,
        Case::Thaw => within_moments(grew),
        _ => {
            sleep(Duration::from_millis(250));
            grew()
        }
    };
    let alive = !processes.is_empty() && processes.iter().all(|process| lab::look::process_exists(*process));
    let stopped = processes.iter().any(|process| stat(*process).is_some_and(|fields| fields.starts_with(['T', 't'])));
    drop(thawed);
    Ok(Seen { case, frozen, frozen_later, busy, alive, stopped, run: Run::end(running, heard) })
}

fn is_frozen(groups: &Groups) -> bool {
    match groups.either("freezer", "freezer.state", "cgroup.events") {
        Some(text) => text == "FROZEN" || text.lines().any(|line| line == "frozen 1"),
        None => false,
    }
}
