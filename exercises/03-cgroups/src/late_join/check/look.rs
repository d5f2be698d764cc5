//! Where a command and its children are, and what of its memory is counted.

use std::fs;

use anyhow::Result;
use checker::{Heard, Program, random};
use lab::look::{children, descendants, ns_pids, process_exists};

use crate::groups::{Groups, Run, start, stat, within_moments};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// The group is there, and so is the command. After a fork the parent goes on first.
    Well,
    /// The same, and the child goes on first.
    Quick,
    /// There is no such command.
    Missing,
    /// There is no group.
    Gone,
}

impl Case {
    pub const ALL: [Case; 4] = [Case::Well, Case::Quick, Case::Missing, Case::Gone];

    fn word(self) -> &'static str {
        match self {
            Case::Well => "well",
            Case::Quick => "quick",
            Case::Missing => "missing",
            Case::Gone => "gone",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Seen {
    pub case: Case,
    pub run: Run,
    /// How many processes run the command: itself, and a child of it.
    pub running: usize,
    /// How many of them are in the group in every tree.
    pub inside: usize,
    /// Whether the number that was returned is the command's.
    pub is_its_number: bool,
    /// Whether the program itself is in the group.
    pub program_inside: bool,
    /// Whether the program has a child that has ended, and that it hasn't waited for.
    pub zombie: bool,
    /// What is counted of the group's memory, in bytes.
    pub memory: u64,
}

pub fn at(program: &Program, case: Case) -> Result<Seen> {
    let mark = format!("mark-{:06x}", random::within(0..0x100_0000));
    let (mut running, groups) = start(program, &[case.word(), &mark])?;
    let main = running.main();
    let heard = running.go_on()?;
    let runs = |process: &i32| {
        let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        process_exists(*process) && line.windows(mark.len()).any(|window| window == mark.as_bytes())
    };
    let commands = || -> Vec<i32> { descendants(main).into_iter().filter(runs).collect() };
    if matches!(case, Case::Well | Case::Quick) && matches!(heard, Heard::Number(_)) {
        // It has a child soon.
        within_moments(|| commands().len() > 1);
    }
    let commands = commands();
    let inside = commands.iter().filter(|process| is_inside(&groups, **process)).count();
    let is_its_number = match heard {
        Heard::Number(number) => commands.first().is_some_and(|first| last_number(*first) == Some(number)),
        _ => false,
    };
    let usage = groups.either("memory", "memory.usage_in_bytes", "memory.current");
    let memory = usage.and_then(|bytes| bytes.parse().ok()).unwrap_or_default();
    let program_inside = groups.folders().iter().any(|folder| groups.processes(folder).contains(&main));
    let has_ended = |child: &i32| stat(*child).is_some_and(|fields| fields.starts_with('Z'));
    let zombie = children(main).iter().any(has_ended);
    let running_now = commands.len();
    let run = Run::end(running, heard);
    Ok(Seen { case, run, running: running_now, inside, is_its_number, program_inside, zombie, memory })
}

fn is_inside(groups: &Groups, process: i32) -> bool {
    let folders = groups.folders();
    !folders.is_empty() && folders.iter().all(|folder| groups.processes(folder).contains(&process))
}

/// As it is numbered in the lab.
fn last_number(process: i32) -> Option<i32> {
    ns_pids(process).ok()?.last().copied()
}
