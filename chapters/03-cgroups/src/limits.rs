//! What a container may use at most, whatever the kernel's interface.

use anyhow::{Result, bail};

use crate::convert::{IO_WEIGHT, SHARES};
use crate::device_rules::Rule;
use crate::units::format_bytes;

/// Memory and swap together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// So many bytes of memory and swap.
    Total(u64),
    /// As much swap as the machine has.
    Unlimited,
}

/// How many processes and threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pids {
    /// So many.
    Most(u64),
    /// Any number.
    Unlimited,
}

/// Time on the processors in each period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// So many microseconds, over all processors.
    Most(u64),
    /// Any.
    Unlimited,
}

/// What is limited about a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// Bytes read a second.
    ReadBps,
    /// Bytes written a second.
    WriteBps,
    /// Reads a second.
    ReadIops,
    /// Writes a second.
    WriteIops,
}

/// A limit on one block device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// Major and minor number.
    pub device: (u64, u64),
    /// Of what.
    pub rate: Rate,
    /// How much a second.
    pub most: u64,
}

/// All limits; `None` where nothing was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes.
    pub memory: Option<u64>,
    /// Memory and swap together.
    pub memory_swap: Option<Swap>,
    /// Bytes that the cgroup is pushed back to when the machine is short of memory.
    pub memory_reservation: Option<u64>,
    /// Time on the processors.
    pub quota: Option<Quota>,
    /// The length of a period in which it is counted, in microseconds of real time.
    pub period: Option<u64>,
    /// The share of the processors when others want them too: v1's number.
    pub cpu_shares: Option<u64>,
    /// Which processors: a list such as `0-2,4`.
    pub cpuset_cpus: Option<String>,
    /// Which memory nodes, likewise.
    pub cpuset_mems: Option<String>,
    /// Processes and threads.
    pub pids: Option<Pids>,
    /// Block devices.
    pub throttles: Vec<Throttle>,
    /// The share of block devices when others want them too: v1's number.
    pub io_weight: Option<u64>,
    /// Devices that may be used besides the six that every container has; `None` for no rules at all.
    pub devices: Option<Vec<Rule>>,
}

/// What the machine has.
#[derive(Debug, Clone)]
pub struct Size {
    /// Processors that are online.
    pub cpus: Vec<usize>,
    /// Memory nodes that are online.
    pub nodes: Vec<usize>,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of swap.
    pub swap: u64,
    /// The largest number of processes.
    pub pids: u64,
}

/// Docker's lower bound: with less, not even the runtime's own start fits.
const LEAST_MEMORY: u64 = 6 << 20;

/// The length of a period in which a quota is counted, unless told: the kernel's own.
pub const PERIOD: u64 = 100_000;

impl Quota {
    /// `--cpus 1.5`: one and a half processors' time, in periods of [`PERIOD`].
    pub fn of_cpus(cpus: f64) -> Quota {
        Quota::Most((cpus * PERIOD as f64).round() as u64)
    }
}

impl Limits {
    /// Whether anything was asked for.
    pub fn are_any(&self) -> bool {
        *self != Limits::default()
    }

    /// What makes no sense by itself, or on a machine of this size. Everything is looked at before
    /// anything is made.
    pub fn check(&self, size: &Size) -> Result<()> {
        self.check_memory(size)?;
        self.check_cpu(size)?;
        self.check_cpuset(size)?;
        match self.pids {
            Some(Pids::Most(0)) => bail!("--pids-limit 0: not even the command could run (-1 takes the limit away)"),
            Some(Pids::Most(most)) if most > size.pids => bail!(
                "--pids-limit {most} would never be reached: this machine has at most {} processes (/proc/sys/kernel/pid_max)",
                size.pids
            ),
            _ => {}
        }
        if let Some(weight) = self.io_weight.filter(|weight| !IO_WEIGHT.contains(weight)) {
            bail!("--io-weight {weight} is out of range: 10 to 1000");
        }
        for (index, throttle) in self.throttles.iter().enumerate() {
            // v1 keeps the lower 32 bits: 4294967297 would be one operation a second.
            let is_count = matches!(throttle.rate, Rate::ReadIops | Rate::WriteIops);
            if is_count && throttle.most >= u64::from(u32::MAX) {
                bail!(
                    "{} operations a second would never be reached: the kernel counts to {}",
                    throttle.most,
                    u32::MAX
                );
            }
            let same = |other: &Throttle| (other.device, other.rate) == (throttle.device, throttle.rate);
            if self.throttles[..index].iter().any(same) {
                let (major, minor) = throttle.device;
                bail!("two limits of one kind for the device {major}:{minor}: say it once");
            }
        }
        Ok(())
    }

    fn check_memory(&self, size: &Size) -> Result<()> {
        let Some(memory) = self.memory else {
            if self.memory_swap.is_some() {
                bail!("--memory-swap is memory and swap together: give --memory too");
            }
            return match self.memory_reservation {
                Some(reservation) if reservation > size.memory => {
                    bail!("{}", over("--memory-reservation", reservation, size))
                }
                _ => Ok(()),
            };
        };
        if memory < LEAST_MEMORY {
            bail!("--memory {}: a container needs at least 6m to start in", format_bytes(memory));
        }
        if memory > size.memory {
            bail!("{}", over("--memory", memory, size));
        }
        match self.memory_swap {
            Some(Swap::Total(total)) if total < memory => bail!(
                "--memory-swap {} is less than --memory {}\nit is memory and swap together: the same number means no swap",
                format_bytes(total),
                format_bytes(memory)
            ),
            _ => {}
        }
        match self.memory_reservation {
            Some(reservation) if reservation > memory => bail!(
                "--memory-reservation {} is more than --memory {}: the soft limit lies below the hard one",
                format_bytes(reservation),
                format_bytes(memory)
            ),
            _ => Ok(()),
        }
    }

    fn check_cpu(&self, size: &Size) -> Result<()> {
        if let Some(period) = self.period.filter(|period| !(1000..=1_000_000).contains(period)) {
            bail!("a period of {period} µs is out of range: 1000 to 1000000 (one millisecond to one second)");
        }
        if let Some(Quota::Most(quota)) = self.quota {
            if quota < 1000 {
                bail!(
                    "a quota of {quota} µs is out of range: the kernel counts from 1000 µs up (--cpus 0.01 with the usual period)"
                );
            }
            // Who changes one of the two is told when the other is known.
            if let Some(period) = self.period
                && quota > period * size.cpus.len() as u64
            {
                bail!(
                    "{:.2} processors would never be reached: this machine has {}",
                    quota as f64 / period as f64,
                    size.cpus.len()
                );
            }
        }
        if let Some(shares) = self.cpu_shares.filter(|shares| !SHARES.contains(shares)) {
            bail!("--cpu-shares {shares} is out of range: 2 to 262144");
        }
        Ok(())
    }

    fn check_cpuset(&self, size: &Size) -> Result<()> {
        for (flag, list, there) in
            [("--cpuset-cpus", &self.cpuset_cpus, &size.cpus), ("--cpuset-mems", &self.cpuset_mems, &size.nodes)]
        {
            let Some(list) = list else { continue };
            let Some(wanted) = numbers(list) else {
                bail!("{flag} {list:?} is no list: write 0-2,4");
            };
            if let Some(missing) = wanted.iter().find(|number| !there.contains(number)) {
                bail!("{flag} {list}: there is no {missing} on this machine, only {}", joined(there));
            }
        }
        Ok(())
    }
}

fn over(flag: &str, bytes: u64, size: &Size) -> String {
    format!(
        "{flag} {} would never be reached: this machine has {} of memory",
        format_bytes(bytes),
        format_bytes(size.memory)
    )
}

/// `0-2,4` as numbers: cpuset(7), "List format". `None` when it is no list, or an empty one.
pub fn numbers(list: &str) -> Option<Vec<usize>> {
    let mut all = Vec::new();
    for part in list.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        // The kernel knows some thousands of processors at most.
        if first > last || last > 65_535 {
            return None;
        }
        all.extend(first..=last);
    }
    Some(all)
}

fn joined(numbers: &[usize]) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests;
