//! A cgroup of its own in every tree, with limits.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use anyhow::{Context, Result};
use ch01_namespaces::explain::report;
use ch01_namespaces::{Handover, Inside, Mechanism, Plan, Stage, refuse_frozen_cgroup};

use crate::cgroup::{Cgroup, Part};
use crate::controller::{Controller, Version};
use crate::limits::Limits;
use crate::place::Place;
use crate::{steps, v1};

// ANCHOR: cgroups
/// Makes the cgroups and their limits before the process exists, and puts the process in before it
/// does anything.
///
/// On v2 it is born in its cgroup (CLONE_INTO_CGROUP). v1 has no such thing: there the child moves
/// itself, through files that the host opened, by writing "0". Were it the host that wrote the
/// child's number, the kernel would first wait, some 10 ms, until every processor has passed a
/// point where it reads no lists (an RCU grace period).
#[derive(Debug)]
pub struct ContainerCgroups {
    place: Place,
    limits: Limits,
    /// The v1 cgroups' `tasks` files: the clone copies the descriptors.
    entrances: Vec<(PathBuf, File)>,
}

impl ContainerCgroups {
    /// At a place, with limits that were checked.
    pub fn new(place: Place, limits: Limits) -> ContainerCgroups {
        ContainerCgroups { place, limits, entrances: Vec::new() }
    }
}

impl Mechanism for ContainerCgroups {
    fn name(&self) -> &'static str {
        "cgroups"
    }

    fn stage(&self) -> Stage {
        Stage::Limits
    }

    fn prepare(&mut self, plan: &mut Plan) -> Result<()> {
        for site in &self.place.sites {
            // Below a frozen cgroup the container would stand still, and we would wait for it.
            let there = site.parent.ancestors().find(|directory| directory.exists());
            there.map_or(Ok(()), refuse_frozen_cgroup)?;
            site.make_room()?;
        }
        let cgroup = Cgroup::make(&self.place, &self.limits, plan)?;
        for part in &cgroup.parts {
            match part.version {
                Version::V1 => self.entrances.push((part.directory.join(v1::TASKS), part.entrance()?)),
                Version::V2 => plan.cgroup = Some(open_directory(&part.directory)?),
            }
        }
        Ok(())
    }

    fn enter(&self, _: Handover, _: &mut Inside) -> Result<()> {
        self.entrances.iter().try_for_each(|(path, tasks)| {
            let result = nix::unistd::write(tasks, b"0").map(drop);
            report(&steps::JOIN, "write", || vec![path.display().to_string(), "\"0\"".into()], result)
        })
    }
}
// ANCHOR_END: cgroups

fn open_directory(directory: &std::path::Path) -> Result<OwnedFd> {
    File::open(directory).map(OwnedFd::from).with_context(|| format!("cannot open {}", directory.display()))
}

/// Moves this process, and with it what it will start, into the cgroups of a container: for
/// `enter`. The freezer's comes last: if somebody freezes the container at this very moment, at
/// least all the rest is done when it is thawed.
pub fn join(cgroup: &Cgroup) -> Result<()> {
    let freezes = |part: &&Part| part.version == Version::V1 && part.controllers.contains(&Controller::Freezer);
    let (last, first): (Vec<_>, Vec<_>) = cgroup.parts.iter().partition(freezes);
    first.into_iter().chain(last).try_for_each(|part| {
        let entrance = part.entrance()?;
        let result = nix::unistd::write(&entrance, b"0").map(drop);
        report(&steps::JOIN, "write", || vec![part.directory.display().to_string(), "\"0\"".into()], result)
    })
}
