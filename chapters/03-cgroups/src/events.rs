//! What has happened to a container because of its limits: the kernel's counters, which only grow.

use serde::Serialize;

use crate::controller::{Controller, Version};
use crate::group::Group;
use crate::{v1, v2};

/// The counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Events {
    /// Processes that the kernel killed for want of memory within the limit.
    pub oom_kills: u64,
    /// How often the memory limit was hit. (Mostly the kernel then takes back cache, and nobody is killed.)
    pub memory_limit_hits: u64,
    /// Forks and clones that the limit on processes refused.
    pub forks_refused: u64,
    /// Periods in which the quota of processor time was used up.
    pub throttled_periods: u64,
}

impl Events {
    /// Of a container.
    pub fn of(group: &Group) -> Events {
        let mut events = Events::default();
        if let Some(part) = group.part(Controller::Memory) {
            match part.version {
                Version::V1 => v1::memory::read_events(&part.folder, &mut events),
                Version::V2 => v2::memory::read_events(&part.folder, &mut events),
            }
        }
        if let Some(part) = group.part(Controller::Pids) {
            v2::pids::read_events(&part.folder, &mut events);
        }
        if let Some(part) = group.part(Controller::Cpu) {
            let mut stats = crate::stats::Stats::default();
            match part.version {
                Version::V1 => v1::cpu::read_stats(&part.folder, &mut stats),
                Version::V2 => v2::cpu::read_stats(&part.folder, &mut stats),
            }
            events.throttled_periods = stats.cpu.throttled_periods;
        }
        events
    }

    /// Each counter with its name, as the JSON has it.
    pub fn named(&self) -> [(&'static str, u64); 4] {
        [
            ("oom_kills", self.oom_kills),
            ("memory_limit_hits", self.memory_limit_hits),
            ("forks_refused", self.forks_refused),
            ("throttled_periods", self.throttled_periods),
        ]
    }
}
