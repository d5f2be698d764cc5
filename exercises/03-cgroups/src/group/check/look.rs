//! Which groups there are, and who is in them.

use std::path::PathBuf;

use anyhow::Result;
use checker::Program;
use lab::look::children;

use crate::groups::{Groups, Run, start, threads_of};

/// What the program calls, and what is there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// `create`.
    Create,
    /// `join`, in a child that has a second thread; the groups are there.
    Join,
    /// `create`; one of the groups is there already, the last.
    Taken,
    /// `join`, and there is no group.
    Gone,
}

impl Case {
    pub const ALL: [Case; 4] = [Case::Create, Case::Join, Case::Taken, Case::Gone];

    fn word(self) -> &'static str {
        match self {
            Case::Create => "create",
            Case::Join => "join",
            Case::Taken => "taken",
            Case::Gone => "gone",
        }
    }
}

/// One group, in one tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub folder: PathBuf,
    /// Whether it is there.
    pub made: bool,
    /// Whether the caller's process is in it,
    pub caller: bool,
    /// with all its threads;
    pub threads: bool,
    /// and whether another one is.
    pub others: bool,
}

#[derive(Debug, Clone)]
pub struct Seen {
    pub case: Case,
    pub run: Run,
    pub parts: Vec<Part>,
}

pub fn at(program: &Program, case: Case) -> Result<Seen> {
    let (mut running, groups) = start(program, &[case.word()])?;
    let main = running.main();
    // In these cases the first process waits for the one that joins.
    let child = matches!(case, Case::Join | Case::Gone).then(|| children(main).first().copied()).flatten();
    let heard = running.go_on()?;
    let parts = groups.folders().into_iter().map(|folder| part(&groups, folder, child.unwrap_or(main))).collect();
    Ok(Seen { case, parts, run: Run::end(running, heard) })
}

fn part(groups: &Groups, folder: PathBuf, caller: i32) -> Part {
    let processes = groups.processes(&folder);
    let inside = groups.threads(&folder);
    let threads = threads_of(caller);
    Part {
        // A folder of the kernel's: one elsewhere has no such file.
        made: groups.seen(&folder).join("cgroup.procs").exists(),
        caller: processes.contains(&caller),
        threads: !threads.is_empty() && threads.iter().all(|thread| inside.contains(thread)),
        others: processes.iter().any(|process| *process != caller),
        folder,
    }
}
