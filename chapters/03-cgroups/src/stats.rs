//! What a container uses, by the kernel's counters.

use std::path::Path;

use serde::Serialize;

use crate::cgroup::Cgroup;
use crate::controller::{Controller, Version};
use crate::{v1, v2};

/// All of it. Bytes, microseconds, numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Stats {
    /// Processor time.
    pub cpu: Cpu,
    /// Memory. `None`, as in what follows, where it isn't counted: the controller is not available
    /// here, or was not delegated.
    pub memory: Option<Memory>,
    /// Processes and threads.
    pub pids: Option<Pids>,
    /// Block devices, all added up.
    pub io: Option<Io>,
    /// `None` on v1, and where the kernel keeps no account.
    pub pressure: Option<Pressure>,
}

/// Processor time.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Cpu {
    /// In all.
    pub usage_usec: u64,
    /// The container's own code.
    pub user_usec: u64,
    /// The kernel, on its behalf.
    pub system_usec: u64,
    /// Periods in which it ran, where there is a quota.
    pub periods: u64,
    /// Those in which it came to the end of its quota.
    pub throttled_periods: u64,
    /// How long it stood still then, over all processors.
    pub throttled_usec: u64,
}

/// Memory.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Memory {
    /// In use, with the cache.
    pub usage: u64,
    /// The part of it that is cache of files on disks: the kernel can take it back. (What is in a tmpfs
    /// is nowhere else, and the kernel counts it as cache all the same; here it isn't.)
    pub cache: u64,
    /// Swap in use.
    pub swap: u64,
    /// The limit, if there is one.
    pub limit: Option<u64>,
}

/// Processes and threads.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Pids {
    /// Alive now.
    pub current: u64,
    /// The limit, if there is one.
    pub limit: Option<u64>,
}

/// Block devices.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Io {
    /// Bytes read.
    pub read_bytes: u64,
    /// Bytes written.
    pub write_bytes: u64,
    /// Read operations.
    pub reads: u64,
    /// Write operations.
    pub writes: u64,
}

/// How much of the last ten seconds some process waited, in per cent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Pressure {
    /// For a processor.
    pub cpu: f64,
    /// For memory.
    pub memory: f64,
    /// For a block device.
    pub io: f64,
}

impl Stats {
    /// Of a container. What a cgroup that is gone would say is nothing.
    pub fn read(cgroup: &Cgroup) -> Stats {
        let mut stats = Stats::default();
        for part in &cgroup.parts {
            match part.version {
                Version::V1 => {
                    part.controllers.iter().for_each(|controller| stats.read_v1(*controller, &part.directory))
                }
                Version::V2 => stats.read_v2(&part.controllers, &part.directory),
            }
        }
        stats
    }

    fn read_v1(&mut self, controller: Controller, directory: &Path) {
        match controller {
            Controller::Cpu => v1::cpu::read_stats(directory, self),
            Controller::Cpuacct => v1::cpuacct::read_stats(directory, self),
            Controller::Memory => v1::memory::read_stats(directory, self),
            Controller::Pids => v1::pids::read_stats(directory, self),
            Controller::Blkio => v1::blkio::read_stats(directory, self),
            Controller::Cpuset | Controller::Devices | Controller::Freezer => {}
        }
    }

    fn read_v2(&mut self, controllers: &[Controller], directory: &Path) {
        for controller in controllers {
            match controller {
                Controller::Cpu => v2::cpu::read_stats(directory, self),
                Controller::Memory => v2::memory::read_stats(directory, self),
                Controller::Pids => v2::pids::read_stats(directory, self),
                Controller::Blkio => v2::io::read_stats(directory, self),
                // Without the controller `cpu.stat` has the times all the same.
                Controller::Cpuacct if !controllers.contains(&Controller::Cpu) => v2::cpu::read_stats(directory, self),
                _ => {}
            }
        }
        self.pressure = v2::pressure::read_pressure(directory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_tmpfs_is_no_cache_that_could_be_taken_back() {
        let directory = std::env::temp_dir().join(format!("memory-stat-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let (v1, v2) = ("total_cache 9000\ntotal_shmem 8000\n", "file 9000\nshmem 8000\n");
        std::fs::write(directory.join(v2::memory::STAT), [v1, v2].concat()).unwrap();
        for read in [v1::memory::read_stats, v2::memory::read_stats] {
            let mut stats = Stats::default();
            read(&directory, &mut stats);
            assert_eq!(stats.memory.unwrap().cache, 1000);
        }
        std::fs::remove_dir_all(directory).unwrap();
    }
}
