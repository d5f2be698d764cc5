//! Flags for limits, and the mechanisms they ask for.

mod values;

use anyhow::{Result, bail};
use ch01_namespaces::{ContainerFlags, Design, Namespace, Namespaces, Privilege};
use clap::{Args, ValueEnum};

use crate::controller::Controller;
use crate::delegation;
use crate::device_rules::Rule;
use crate::limits::{Limits, PERIOD, Pids, Quota, Rate, Size, Swap, Throttle};
use crate::machine::Machine;
use crate::mechanisms::{ContainerCgroups, OomScore, view};
use crate::place::Place;
use crate::setting::needed;
use crate::units;
pub use values::DeviceRate;
use values::{cpus, numbers_of, per_device, pids, quota, swap};

/// Limits that can be set at the start and changed later.
#[derive(Args, Debug, Clone, Default)]
pub struct LimitFlags {
    /// The memory limit: a number with k, m or g, such as 64m. If the container needs more, the kernel
    /// kills a process in it.
    #[arg(short = 'm', long, value_name = "SIZE", value_parser = units::bytes, allow_hyphen_values = true)]
    pub memory: Option<u64>,
    /// The limit of memory and swap together. With the value of --memory, the container has no swap;
    /// -1: no limit [default: twice --memory].
    #[arg(long, value_name = "SIZE", value_parser = swap, allow_hyphen_values = true)]
    pub memory_swap: Option<Swap>,
    /// If the machine is short of memory, the kernel reduces the container's memory to this amount
    /// (cgroup v1), or doesn't take memory below this amount (v2).
    #[arg(long, value_name = "SIZE", value_parser = units::bytes, allow_hyphen_values = true)]
    pub memory_reservation: Option<u64>,
    /// The limit of processor time, in processors: 0.5 is half the time of one processor.
    #[arg(long, value_name = "NUMBER", value_parser = cpus, allow_hyphen_values = true,
          conflicts_with_all = ["cpu_period", "cpu_quota"])]
    pub cpus: Option<f64>,
    /// The length of the period for --cpu-quota, in microseconds [default: 100000].
    #[arg(long, value_name = "MICROSECONDS", allow_hyphen_values = true)]
    pub cpu_period: Option<u64>,
    /// The limit of processor time in each period, in microseconds; -1: no limit.
    #[arg(long, value_name = "MICROSECONDS", value_parser = quota, allow_hyphen_values = true)]
    pub cpu_quota: Option<Quota>,
    /// The weight when several cgroups compete for processor time: 2 to 262144. Each cgroup begins
    /// with 1024.
    #[arg(long, short = 'c', value_name = "NUMBER", allow_hyphen_values = true)]
    pub cpu_shares: Option<u64>,
    /// The processors that the container may use, such as 0-2,4.
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    pub cpuset_cpus: Option<String>,
    /// The memory nodes that the container may use, such as 0-1.
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    pub cpuset_mems: Option<String>,
    /// The limit of the number of processes and threads; -1: no limit.
    #[arg(long, value_name = "NUMBER", value_parser = pids, allow_hyphen_values = true)]
    pub pids_limit: Option<Pids>,
    /// The limit of bytes per second read from a block device, such as /dev/sda:1m. May be repeated.
    #[arg(long, value_name = "DEVICE:SIZE", value_parser = per_device(units::bytes))]
    pub device_read_bps: Vec<DeviceRate>,
    /// The limit of bytes per second written to a block device. May be repeated.
    #[arg(long, value_name = "DEVICE:SIZE", value_parser = per_device(units::bytes))]
    pub device_write_bps: Vec<DeviceRate>,
    /// The limit of reads per second from a block device, such as /dev/sda:100. May be repeated.
    #[arg(long, value_name = "DEVICE:NUMBER", value_parser = per_device(units::count))]
    pub device_read_iops: Vec<DeviceRate>,
    /// The limit of writes per second to a block device. May be repeated.
    #[arg(long, value_name = "DEVICE:NUMBER", value_parser = per_device(units::count))]
    pub device_write_iops: Vec<DeviceRate>,
    /// The weight when several cgroups compete for block devices: 10 to 1000.
    #[arg(long, visible_alias = "blkio-weight", value_name = "NUMBER", allow_hyphen_values = true)]
    pub io_weight: Option<u64>,
}

/// What only a start can set.
#[derive(Args, Debug, Clone, Default)]
pub struct CgroupFlags {
    /// Limits.
    #[command(flatten)]
    pub limits: LimitFlags,
    /// Allow only the devices that every container has, and those of this rule, such as 'c 10:229 rwm'.
    /// May be repeated.
    #[arg(long, value_name = "RULE")]
    pub device_cgroup_rule: Vec<Rule>,
    /// How likely the kernel kills the container when the machine is out of memory: -1000 (never) to
    /// 1000 (first).
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, value_parser = clap::value_parser!(i16).range(-1000..=1000))]
    pub oom_score_adj: Option<i16>,
    /// Whether the container gets its own cgroups.
    #[arg(long, value_enum, default_value_t = CgroupUse::Enabled)]
    pub cgroups: CgroupUse,
    /// The parent of the container's cgroup. A path with a leading slash begins at the root of the
    /// hierarchy, any other path at your cgroup. The parent is made if it doesn't exist.
    #[arg(long, value_name = "PATH")]
    pub cgroup_parent: Option<String>,
    /// Whether devices are denied without a rule, too, where this user may deny any (chapter 6).
    #[arg(skip)]
    pub deny_devices: bool,
    /// The place that was found.
    #[arg(skip)]
    found: Option<Place>,
}

/// See [`CgroupFlags::cgroups`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum CgroupUse {
    /// Yes, if this user may make cgroups.
    #[default]
    Enabled,
    /// No: the container is in your cgroup.
    Disabled,
}

/// The flags of chapters 1 to 3.
#[derive(Args, Debug, Clone, Default)]
#[group(skip)] // clap would name it Flags, like that of other chapters
pub struct Flags {
    /// Those of chapters 1 and 2.
    #[command(flatten)]
    pub earlier: ch02_rootfs::Flags,
    /// Chapter 3's own.
    #[command(flatten)]
    pub cgroups: CgroupFlags,
}

impl ContainerFlags for Flags {
    fn delegate(&mut self, design: &Design) -> Result<()> {
        self.earlier.delegate(design)?;
        self.cgroups.find_place()
    }

    fn plan(self, design: &mut Design) -> Result<()> {
        // By default a container sees its own cgroups as the whole hierarchy.
        if !self.earlier.namespaces.join.iter().any(|request| request.kind() == Namespace::Cgroup) {
            design.add_default_namespace(Namespace::Cgroup);
        }
        let made = self.earlier.namespaces.made(design.default_namespaces);
        self.earlier.plan(design)?;
        self.cgroups.plan(design, made)
    }
}

impl LimitFlags {
    /// The limits, with devices looked up.
    pub fn limits(&self) -> Result<Limits> {
        let (quota, period) = match self.cpus {
            Some(cpus) => (Some(Quota::of_cpus(cpus)), Some(PERIOD)),
            None => (self.cpu_quota, self.cpu_period),
        };
        let mut throttles = Vec::new();
        for (rates, rate) in [
            (&self.device_read_bps, Rate::ReadBps),
            (&self.device_write_bps, Rate::WriteBps),
            (&self.device_read_iops, Rate::ReadIops),
            (&self.device_write_iops, Rate::WriteIops),
        ] {
            for DeviceRate { device, most } in rates {
                throttles.push(Throttle { device: numbers_of(device)?, rate, most: *most });
            }
        }
        Ok(Limits {
            memory: self.memory,
            memory_swap: self.memory_swap,
            memory_reservation: self.memory_reservation,
            quota,
            period,
            cpu_shares: self.cpu_shares,
            cpuset_cpus: self.cpuset_cpus.clone(),
            cpuset_mems: self.cpuset_mems.clone(),
            pids: self.pids_limit,
            throttles,
            io_weight: self.io_weight,
            devices: None,
        })
    }
}

impl CgroupFlags {
    /// The limits that were asked for.
    pub fn limits(&self) -> Result<Limits> {
        let devices = (!self.device_cgroup_rule.is_empty()).then(|| self.device_cgroup_rule.clone());
        let limits = self.limits.limits()?;
        // A new cgroup has the usual period.
        let period = limits.period.or(limits.quota.map(|_| PERIOD));
        Ok(Limits { devices, period, ..limits })
    }

    /// Finds the place of the container's cgroups, and has it delegated to us where that is needed:
    /// this process may start again in a scope of its own. Without limits, and where this user may make
    /// no cgroups, there is no place: the container runs without. A limit that was asked for is kept
    /// to, or an error.
    fn find_place(&mut self) -> Result<()> {
        let limits = self.limits()?;
        let demanded = limits.are_any() || self.cgroup_parent.is_some();
        if self.cgroups == CgroupUse::Disabled {
            if demanded {
                bail!("--cgroups disabled and a limit: limits need cgroups");
            }
            return Ok(());
        }
        let place = match self.place(&limits) {
            Ok(place) if demanded || place.is_ours() => place,
            // Root's containers have cgroups always, so that what they use is counted.
            Ok(place) if Privilege::current().is_machine_root() && !place.is_read_only() => place,
            Err(error) if demanded => return Err(error),
            Ok(_) | Err(_) => return Ok(()),
        };
        if !place.is_ours() && !place.is_read_only() {
            match delegation::get(&place) {
                Err(error) if demanded => return Err(error.context("no limit can be set")),
                Err(_) => return Ok(()),
                Ok(()) => {}
            }
        }
        self.found = Some(place);
        Ok(())
    }

    // ANCHOR: plan
    fn plan(self, design: &mut Design, made: Namespaces) -> Result<()> {
        if let Some(score) = self.oom_score_adj {
            design.add(OomScore(score));
        }
        let mut limits = self.limits()?;
        let Some(place) = self.found else { return Ok(()) };
        if self.deny_devices && place.sites.iter().any(|site| site.controllers.contains(&Controller::Devices)) {
            limits.devices.get_or_insert_default();
        }
        let has_view = made.has(Namespace::Cgroup) && made.has(Namespace::Mount);
        let view = has_view.then(|| view(&place));
        design.add(ContainerCgroups::new(place, limits));
        if let Some(view) = view {
            design.add(view);
        }
        Ok(())
    }
    // ANCHOR_END: plan

    fn place(&self, limits: &Limits) -> Result<Place> {
        if limits.are_any() {
            limits.check(&Size::of_this_machine()?)?;
        }
        let machine = Machine::observe()?;
        let mut demanded = needed(limits);
        if demanded.is_empty() && self.cgroup_parent.is_some() {
            demanded.push(Controller::Memory);
        }
        let has_devices = machine.hierarchy_of(Controller::Devices).is_some();
        if self.deny_devices && has_devices && !demanded.contains(&Controller::Devices) {
            demanded.push(Controller::Devices);
        }
        Place::find(&machine, &demanded, self.cgroup_parent.as_deref())
    }
}
