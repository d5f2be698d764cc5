//! What the kernel can count and limit, by the names it has in each version: cgroups(7).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The two interfaces of the kernel's, which may be there side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Version {
    /// One tree for each controller, or for a few that are mounted together.
    V1,
    /// One tree for all.
    V2,
}

/// A controller, by its v1 name; in v2 some have another, and some are no controllers but built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Controller {
    /// Processor time: shares and quotas.
    Cpu,
    /// Processor time used. In v2 it is in every cgroup's `cpu.stat`.
    Cpuacct,
    /// Which processors and memory nodes.
    Cpuset,
    /// Memory and swap.
    Memory,
    /// Processes and threads.
    Pids,
    /// Block devices; `io` in v2.
    Blkio,
    /// Which devices may be opened or made. In v2 it is a program that the kernel asks.
    Devices,
    /// Halting a cgroup. In v2 every cgroup can be halted.
    Freezer,
}

impl Controller {
    /// All of them.
    pub const ALL: [Controller; 8] = [
        Controller::Cpu,
        Controller::Cpuacct,
        Controller::Cpuset,
        Controller::Memory,
        Controller::Pids,
        Controller::Blkio,
        Controller::Devices,
        Controller::Freezer,
    ];

    /// As /proc/cgroups and the v1 mount options have it.
    pub fn v1_name(self) -> &'static str {
        match self {
            Controller::Cpu => "cpu",
            Controller::Cpuacct => "cpuacct",
            Controller::Cpuset => "cpuset",
            Controller::Memory => "memory",
            Controller::Pids => "pids",
            Controller::Blkio => "blkio",
            Controller::Devices => "devices",
            Controller::Freezer => "freezer",
        }
    }

    /// As `cgroup.controllers` has it; `None` for what every v2 cgroup has without.
    pub fn v2_name(self) -> Option<&'static str> {
        match self {
            Controller::Cpuacct | Controller::Devices | Controller::Freezer => None,
            Controller::Blkio => Some("io"),
            other => Some(other.v1_name()),
        }
    }
}

impl fmt::Display for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.v1_name())
    }
}

impl std::str::FromStr for Controller {
    type Err = String;

    fn from_str(text: &str) -> Result<Controller, String> {
        let known = |controller: &Controller| controller.v1_name() == text || controller.v2_name() == Some(text);
        Controller::ALL.into_iter().find(known).ok_or_else(|| {
            let names: Vec<_> = Controller::ALL.iter().map(|controller| controller.v1_name()).collect();
            format!("{text:?} is no controller: choose from {}", names.join(", "))
        })
    }
}
