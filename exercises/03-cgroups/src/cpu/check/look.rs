//! What the scheduler holds a group to.

use anyhow::Result;
use checker::{Program, random};

use crate::groups::{Groups, Run, start, within_moments};

/// How many processors are asked for, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// So few that a busy process is held up.
    Few(u32),
    /// More than one.
    Many(u32),
    /// Less than nothing, by very little.
    Negative,
    /// And the group isn't there.
    Gone,
}

impl Case {
    pub fn all() -> [Case; 4] {
        [Case::Few(random::within(31..80)), Case::Many(1000 + random::within(100..900)), Case::Negative, Case::Gone]
    }

    pub fn cpus(self) -> f64 {
        match self {
            Case::Few(thousandths) | Case::Many(thousandths) => f64::from(thousandths) / 1000.0,
            Case::Negative => -0.000_011,
            Case::Gone => 0.5,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Seen {
    pub case: Case,
    pub run: Run,
    pub limit: Limit,
    /// Whether the weight of the group has changed.
    pub weighted: bool,
    /// Whether the busy process in it was ever held up.
    pub held_up: bool,
}

/// As the files have it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    None,
    /// Microseconds, in each so many microseconds.
    Quota(f64, f64),
}

impl Limit {
    /// The processors that it comes to.
    pub fn cpus(self) -> Option<f64> {
        match self {
            Limit::Quota(quota, period) => Some(quota / period),
            Limit::None => None,
        }
    }
}

pub fn at(program: &Program, case: Case) -> Result<Seen> {
    let word = if case == Case::Gone { "gone" } else { "there" };
    let (mut running, groups) = start(program, &[&case.cpus().to_string(), word])?;
    let weight = weight(&groups);
    let heard = running.go_on()?;
    let limit = limit(&groups);
    let held_up = || groups.count("cpu", "cpu.stat", "cpu.stat", "nr_throttled").is_some_and(|times| times > 0);
    // For nothing: a limit is looked at when it is there, and one that isn't holds nobody up.
    let held_up = matches!(case, Case::Few(_)) && limit != Limit::None && within_moments(held_up);
    let weighted = self::weight(&groups) != weight;
    Ok(Seen { case, limit, weighted, held_up, run: Run::end(running, heard) })
}

fn weight(groups: &Groups) -> Option<String> {
    groups.either("cpu", "cpu.shares", "cpu.weight")
}

fn limit(groups: &Groups) -> Limit {
    let number = |text: Option<&str>| text.and_then(|text| text.trim().parse::<f64>().ok());
    let (quota, period) = if groups.is_v1("cpu") {
        let quota = groups.read("cpu", "cpu.cfs_quota_us");
        (number(quota.as_deref()), number(groups.read("cpu", "cpu.cfs_period_us").as_deref()))
    } else {
        let text = groups.read("cpu", "cpu.max").unwrap_or_default();
        let mut words = text.split(' ');
        (number(words.next()), number(words.next()))
    };
    match (quota, period) {
        (Some(quota), Some(period)) if quota > 0.0 => Limit::Quota(quota, period),
        _ => Limit::None,
    }
}
