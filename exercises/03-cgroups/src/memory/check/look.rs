//! What the kernel holds a group's memory to, and whom it has killed.

use anyhow::Result;
use checker::{Program, random};

use crate::groups::{Groups, Run, start};

/// What is called, and what happens before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// `limit_memory`.
    Limit,
    /// `was_oom_killed`; a process in the group has used more than the limit.
    Hog,
    /// `was_oom_killed`; a process in the group hit the limit, gave back what it could, and was killed by somebody else.
    Modest,
    /// `limit_memory`, without a group.
    NoGroup,
    /// `was_oom_killed`, without a group.
    NoEvents,
}

impl Case {
    pub const ALL: [Case; 5] = [Case::Limit, Case::Hog, Case::Modest, Case::NoGroup, Case::NoEvents];

    fn word(self) -> &'static str {
        match self {
            Case::Limit => "limit",
            Case::Hog => "hog",
            Case::Modest => "modest",
            Case::NoGroup => "no-group",
            Case::NoEvents => "no-events",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Seen {
    pub case: Case,
    pub run: Run,
    /// In bytes.
    pub wanted: u64,
    pub v1: bool,
    /// Of memory; `None`: none that is a number.
    pub limit: Option<u64>,
    /// Of memory and swap together.
    pub with_swap: Swap,
    /// How many the kernel has killed in it.
    pub killed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// The kernel doesn't count it.
    NotCounted,
    Unlimited,
    Limit(u64),
}

/// Whole pages, and no round number.
fn bytes() -> u64 {
    u64::from(random::within(16 * 256..32 * 256)) * 4096
}

pub fn at(program: &Program, case: Case) -> Result<Seen> {
    let wanted = bytes();
    let (mut running, groups) = start(program, &[&wanted.to_string(), case.word()])?;
    let heard = running.go_on()?;
    let limit = groups.either("memory", "memory.limit_in_bytes", "memory.max").and_then(|text| number(&text));
    let with_swap = swap(&groups, limit);
    let killed = groups.count("memory", "memory.oom_control", "memory.events", "oom_kill").unwrap_or_default();
    let v1 = groups.is_v1("memory");
    Ok(Seen { case, wanted, v1, limit, with_swap, killed, run: Run::end(running, heard) })
}

fn swap(groups: &Groups, limit: Option<u64>) -> Swap {
    let Some(text) = groups.either("memory", "memory.memsw.limit_in_bytes", "memory.swap.max") else {
        return Swap::NotCounted;
    };
    match (number(&text), groups.is_v1("memory")) {
        (None, _) => Swap::Unlimited,
        (Some(both), true) => Swap::Limit(both),
        (Some(swap), false) => limit.map_or(Swap::Unlimited, |limit| Swap::Limit(limit + swap)),
    }
}

/// v1 has no word for no limit, only a number that is higher than any memory.
fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|bytes| *bytes < 1 << 60)
}
