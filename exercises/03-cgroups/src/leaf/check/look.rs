//! Who is where in a tree of groups, and what the groups may give.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use checker::Program;
use lab::look::process_exists;

use crate::groups::{Groups, Run, start};

/// What the parent is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// The program is in it, and another process.
    Busy,
    /// The same, and room is made twice.
    Twice,
    /// The same, and a controller is asked for that the tree hasn't got.
    Hybrid,
    /// With many processes in it, of which one ends when the first are moved.
    Ending,
    /// It is one of v1. (Only where there is v1.)
    V1,
    /// It isn't there.
    Gone,
}

impl Case {
    pub const ALL: [Case; 6] = [Case::Busy, Case::Twice, Case::Hybrid, Case::Ending, Case::V1, Case::Gone];

    fn word(self) -> &'static str {
        match self {
            Case::Busy => "busy",
            Case::Twice => "twice",
            Case::Hybrid => "hybrid",
            Case::Ending => "ending",
            Case::V1 => "v1",
            Case::Gone => "gone",
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(5);
const PATIENCE_IDLE: Duration = Duration::from_secs(12);

#[derive(Debug, Clone)]
pub struct Seen {
    pub case: Case,
    pub run: Run,
    /// The controllers that were asked for and can be had, and those that are given.
    pub wanted: Vec<String>,
    pub given: Vec<String>,
    /// How many processes are in the parent itself.
    pub in_parent: usize,
    /// Whether the program is below it, and whether the other process is.
    pub program_below: bool,
    pub other_below: bool,
    /// Whether the program is in a group beside the parent.
    pub beside: bool,
    /// Whether the parent has groups below it.
    pub has_children: bool,
}

/// `None` where there is no such case.
pub fn at(program: &Program, case: Case) -> Result<Option<Seen>> {
    let (mut running, groups) = start(program, &[case.word()])?;
    if case == Case::V1 && !groups.is_v1("memory") {
        return Ok(None);
    }
    let parent = match case {
        Case::V1 => groups.folder("memory")?,
        _ => groups.v2_top()?.join(format!("room-{}", groups.name)),
    };
    let main = running.main();
    let others: Vec<i32> = groups.processes(&parent).into_iter().filter(|process| *process != main).collect();
    let words = |file: &str| -> Vec<String> {
        let text = fs::read_to_string(groups.seen(&parent).join(file)).unwrap_or_default();
        text.split_whitespace().map(String::from).collect()
    };
    let wanted = words("cgroup.controllers");
    running.call();
    // It may have to wait for a processor: see the program.
    let heard = running.wait_for_return(if case == Case::Ending { PATIENCE_IDLE } else { PATIENCE })?;
    let below: Vec<i32> = children(&groups, &parent).iter().flat_map(|child| groups.processes(child)).collect();
    let above = parent.parent().unwrap_or(&parent);
    let is_beside = |group: &PathBuf| *group != parent && groups.processes(group).contains(&main);
    Ok(Some(Seen {
        case,
        wanted,
        given: words("cgroup.subtree_control"),
        in_parent: groups.processes(&parent).len(),
        program_below: below.contains(&main),
        other_below: !others.is_empty() && others.iter().all(|other| below.contains(other) || !process_exists(*other)),
        beside: children(&groups, above).iter().any(is_beside),
        has_children: !children(&groups, &parent).is_empty(),
        run: Run::end(running, heard),
    }))
}

fn children(groups: &Groups, parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(groups.seen(parent)).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| parent.join(entry.file_name())).collect()
}
