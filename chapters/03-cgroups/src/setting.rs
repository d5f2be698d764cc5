//! A limit is a write into a file.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::{Result, anyhow};
use ch01_namespaces::Why;
use ch01_namespaces::explain::report;
use nix::errno::Errno;

use crate::controller::{Controller, Version};
use crate::limits::Limits;
use crate::steps;
use crate::{v1, v2};

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The kernel's name of the file.
    pub file: &'static str,
    /// What is written.
    pub value: String,
    /// The flag that asked for it, for errors.
    pub flag: &'static str,
    /// Passed over where the kernel has no such file. Only for what nobody asked for in so many words.
    pub may_be_missing: bool,
}

impl Setting {
    /// One that was asked for.
    pub fn new(flag: &'static str, file: &'static str, value: impl ToString) -> Setting {
        Setting { file, value: value.to_string(), flag, may_be_missing: false }
    }

    /// Writes it, in a cgroup's directory.
    pub fn write(&self, directory: &Path) -> Result<()> {
        let path = directory.join(self.file);
        if !path.exists() {
            if self.may_be_missing || self.is_moot() {
                return Ok(());
            }
            return Err(anyhow!(
                "{} can't be applied: there is no {} in {}\ncause: {}\ncure: leave {0} out, or use another kernel",
                self.flag,
                self.file,
                directory.display(),
                why_missing(self.file)
            ));
        }
        write(&steps::SET_LIMIT, &path, &self.value)
            .map_err(|error| error.context(format!("{} can't be applied", self.flag)))
    }
}

impl Setting {
    /// A limit on swap on a machine that has none holds by itself.
    fn is_moot(&self) -> bool {
        let is_swap = [v1::memory::MEMORY_AND_SWAP, v2::memory::SWAP_MAX].contains(&self.file);
        // One line of headings, then one for each.
        is_swap && fs::read_to_string("/proc/swaps").is_ok_and(|swaps| swaps.lines().count() <= 1)
    }
}

fn why_missing(file: &str) -> &'static str {
    match file {
        v1::memory::MEMORY_AND_SWAP | v2::memory::SWAP_MAX => {
            "this kernel doesn't count swap (boot it with swapaccount=1)"
        }
        v1::blkio::WEIGHT => "no scheduler that knows weights is loaded (modprobe bfq)",
        v2::io::WEIGHT | v2::io::BFQ_WEIGHT => "this kernel has no io.cost, and BFQ isn't loaded (modprobe bfq)",
        _ => "this kernel was built without it",
    }
}

/// Writes a text into a file of the kernel's, in one write(2), and tells it.
pub fn write(why: &'static Why, path: &Path, text: &str) -> Result<()> {
    let written = File::options().write(true).open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    let result = written.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)));
    report(why, "write", || vec![path.display().to_string(), format!("{text:?}")], result)
}

/// The writes that limits take in one controller, in the order in which the kernel accepts them in
/// a new cgroup.
pub fn settings(limits: &Limits, controller: Controller, version: Version) -> Vec<Setting> {
    match (controller, version) {
        (Controller::Cpu, Version::V1) => v1::cpu::settings(limits),
        (Controller::Cpu, Version::V2) => v2::cpu::settings(limits),
        (Controller::Cpuset, Version::V1) => v1::cpuset::settings(limits),
        (Controller::Cpuset, Version::V2) => v2::cpuset::settings(limits),
        (Controller::Memory, Version::V1) => v1::memory::settings(limits),
        (Controller::Memory, Version::V2) => v2::memory::settings(limits),
        (Controller::Pids, Version::V1) => v1::pids::settings(limits),
        (Controller::Pids, Version::V2) => v2::pids::settings(limits),
        (Controller::Blkio, Version::V1) => v1::blkio::settings(limits),
        (Controller::Blkio, Version::V2) => v2::io::settings(limits),
        (Controller::Devices, Version::V1) => v1::devices::settings(limits),
        // Not a file: see [`v2::devices`].
        (Controller::Devices, Version::V2) => Vec::new(),
        (Controller::Cpuacct | Controller::Freezer, _) => Vec::new(),
    }
}

/// The controllers that limits need.
pub fn needed(limits: &Limits) -> Vec<Controller> {
    let needs = |controller: &Controller| !settings(limits, *controller, Version::V1).is_empty();
    Controller::ALL.into_iter().filter(needs).collect()
}

/// A whole file of a cgroup's, or an empty text.
pub fn read(directory: &Path, file: &str) -> String {
    fs::read_to_string(directory.join(file)).unwrap_or_default()
}

/// A file that holds one number. `max` is none.
pub fn number(directory: &Path, file: &str) -> Option<u64> {
    read(directory, file).trim().parse().ok()
}

/// The number behind a name, in a file of `name number` lines.
pub fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{Pids, Quota, Rate, Swap, Throttle};

    fn all() -> Limits {
        Limits {
            memory: Some(64 << 20),
            memory_swap: Some(Swap::Total(96 << 20)),
            memory_reservation: Some(32 << 20),
            quota: Some(Quota::Most(20_000)),
            period: Some(100_000),
            cpu_shares: Some(1024),
            cpuset_cpus: Some("0-1".into()),
            cpuset_mems: Some("0".into()),
            pids: Some(Pids::Most(100)),
            throttles: vec![
                Throttle { device: (8, 0), rate: Rate::ReadBps, most: 1 << 20 },
                Throttle { device: (8, 0), rate: Rate::WriteIops, most: 50 },
            ],
            io_weight: Some(500),
            devices: Some(vec!["c 10:229 rwm".parse().unwrap()]),
        }
    }

    fn lines(controller: Controller, version: Version) -> Vec<String> {
        settings(&all(), controller, version)
            .iter()
            .map(|setting| format!("{} {}", setting.file, setting.value))
            .collect()
    }

    #[test]
    fn the_same_limits_are_other_files_on_v1_and_v2() {
        let (v1, v2) = (Version::V1, Version::V2);
        assert_eq!(
            lines(Controller::Cpu, v1),
            ["cpu.shares 1024", "cpu.cfs_period_us 100000", "cpu.cfs_quota_us 20000"]
        );
        assert_eq!(lines(Controller::Cpu, v2), ["cpu.weight 100", "cpu.max 20000 100000"]);
        assert_eq!(
            lines(Controller::Memory, v1),
            [
                "memory.limit_in_bytes 67108864",
                "memory.memsw.limit_in_bytes 100663296",
                "memory.soft_limit_in_bytes 33554432"
            ]
        );
        assert_eq!(
            lines(Controller::Memory, v2),
            ["memory.max 67108864", "memory.swap.max 33554432", "memory.low 33554432"]
        );
        assert_eq!(lines(Controller::Pids, v1), ["pids.max 100"]);
        assert_eq!(lines(Controller::Blkio, v2), ["io.weight 4950", "io.max 8:0 rbps=1048576 wiops=50"]);
        assert_eq!(
            lines(Controller::Blkio, v1),
            [
                "blkio.bfq.weight 500",
                "blkio.throttle.read_bps_device 8:0 1048576",
                "blkio.throttle.write_iops_device 8:0 50"
            ]
        );
        assert_eq!(lines(Controller::Devices, v1)[0], "devices.deny a");
        assert_eq!(lines(Controller::Devices, v1).last().unwrap(), "devices.allow c 10:229 rwm");
        assert_eq!(lines(Controller::Cpuset, v1), lines(Controller::Cpuset, v2));
    }

    #[test]
    fn without_swap_asked_for_docker_gives_as_much_as_memory_where_swap_is_counted() {
        let limits = Limits { memory: Some(64 << 20), ..Limits::default() };
        let [_, swap] = &settings(&limits, Controller::Memory, Version::V1)[..] else { panic!("not two writes") };
        assert_eq!((swap.value.as_str(), swap.may_be_missing), ("134217728", true));
        let [_, swap] = &settings(&limits, Controller::Memory, Version::V2)[..] else { panic!("not two writes") };
        assert_eq!((swap.value.as_str(), swap.may_be_missing), ("67108864", true));
    }

    #[test]
    fn limits_need_their_controllers_and_no_others() {
        assert_eq!(needed(&Limits::default()), []);
        assert_eq!(
            needed(&Limits { memory: Some(1), pids: Some(Pids::Unlimited), ..Limits::default() }),
            [Controller::Memory, Controller::Pids]
        );
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        assert_eq!(field("nr_periods 7\nnr_throttled 3\n", "nr_throttled"), Some(3));
        assert_eq!(field("oom_kill 1\noom 2\n", "oom"), Some(2));
    }
}
