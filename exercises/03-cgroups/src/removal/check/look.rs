//! Which groups are left.

use anyhow::Result;
use checker::Program;

use crate::groups::{Run, start};

/// What is in the groups when `remove` is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// Nothing.
    Empty,
    /// Groups, and in them groups.
    Nested,
    /// A process that will end in a moment.
    Ending,
    /// A process that lives on.
    Living,
    /// One of the groups isn't there any more, the first.
    Gone,
}

impl Case {
    pub const ALL: [Case; 5] = [Case::Empty, Case::Nested, Case::Ending, Case::Living, Case::Gone];

    fn word(self) -> &'static str {
        match self {
            Case::Empty => "empty",
            Case::Nested => "nested",
            Case::Ending => "ending",
            Case::Living => "living",
            Case::Gone => "gone",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Seen {
    pub case: Case,
    pub run: Run,
    /// The folders of groups that are there.
    pub left: Vec<String>,
    /// Whether the process that was in them lives.
    pub process_lives: bool,
    /// Whether the groups of others, beside them, are there.
    pub others: bool,
}

pub fn at(program: &Program, case: Case) -> Result<Seen> {
    let (mut running, groups) = start(program, &[case.word()])?;
    let folders = groups.folders();
    let inside: Vec<i32> = folders.iter().flat_map(|folder| groups.processes(folder)).collect();
    let heard = running.go_on()?;
    let left = folders.iter().filter(|folder| groups.seen(folder).exists());
    let left = left.map(|folder| folder.display().to_string()).collect();
    let process_lives = inside.iter().any(|process| lab::look::process_exists(*process));
    // Made by the given program beside each.
    let beside = |folder: &std::path::PathBuf| groups.seen(&folder.with_file_name("another")).exists();
    let others = folders.iter().all(beside);
    Ok(Seen { case, left, process_lives, others, run: Run::end(running, heard) })
}
