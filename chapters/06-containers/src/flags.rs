//! The flags that shape a container's surroundings: those of chapters 1 to 5, and chapter 6's
//! powers.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;
use ch01_namespaces::{ContainerFlags, Design, Mechanism};
use ch03_cgroups::CgroupUse;
use ch04_unionfs::driver;
use clap::Args;

use crate::powers::PowerFlags;
use crate::record::Config;
use crate::shim::ExecRequest;

/// The flags of chapters 1 to 6.
#[derive(Args, Debug, Default)]
#[group(skip)] // clap would name it Flags, like that of other chapters
pub struct Flags {
    /// Those of chapters 1 to 5.
    #[command(flatten)]
    pub earlier: ch05_network::Flags,
    /// Chapter 6's own.
    #[command(flatten)]
    pub powers: PowerFlags,
}

impl ContainerFlags for Flags {
    fn delegate(&mut self, design: &Design) -> Result<()> {
        let (rules, deny_others) = self.powers.device_rules()?;
        let cgroups = &mut self.earlier.earlier.earlier.cgroups;
        cgroups.deny_devices = deny_others;
        if cgroups.cgroups == CgroupUse::Enabled {
            cgroups.device_cgroup_rule.extend(rules);
        }
        self.earlier.delegate(design)
    }

    fn plan(self, design: &mut Design) -> Result<()> {
        let Flags { mut earlier, powers } = self;
        let root_and_namespaces = &mut earlier.earlier.earlier.earlier;
        powers.plan(design, &mut root_and_namespaces.namespaces.join)?;
        root_and_namespaces.root.shm_size = powers.shm_size;
        let is_shm_a_volume = root_and_namespaces.root.has_volume(Path::new("/dev/shm"));
        earlier.plan(design)?;
        powers.plan_dev(design, is_shm_a_volume)
    }
}

impl Flags {
    /// The storage driver that was asked for.
    pub fn driver(&self) -> Option<driver::Name> {
        self.earlier.earlier.driver.storage_driver
    }

    /// The container's environment.
    pub fn environment(&self, config: &Config) -> Result<Vec<(OsString, OsString)>> {
        let root_and_namespaces = &self.earlier.earlier.earlier.earlier;
        let hostname = (!config.hostname.is_empty()).then_some(config.hostname.as_str());
        root_and_namespaces.root.environment(hostname)
    }

    /// The same restrictions for one more command.
    pub fn powers(&self, config: &Config, request: &ExecRequest) -> Result<Vec<Box<dyn Mechanism>>> {
        self.powers.for_exec(config, request)
    }
}
