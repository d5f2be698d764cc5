//! A container's cgroups: one directory in each tree that it is in.

use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ch01_namespaces::explain::report;
use ch01_namespaces::{Failure, Plan, SHARED_CGROUP, Store, Undo};
use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use crate::controller::{Controller, Version};
use crate::events::LastEvents;
use crate::limits::Limits;
use crate::machine::Machine;
use crate::parents::make_with_parents;
use crate::place::Place;
use crate::setting::{read, settings};
use crate::{steps, v1, v2, verify};

/// Where a container is, in all trees together. In v2 that is one directory, in v1 up to eight.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cgroup {
    /// One a tree.
    pub parts: Vec<Part>,
}

/// One directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The tree's interface.
    pub version: Version,
    /// What it counts and limits.
    pub controllers: Vec<Controller>,
    /// As this side sees it.
    pub directory: PathBuf,
}

const FILE: &str = "cgroup.json";

/// How a container's directories are called, before its id.
const PREFIX: &str = "coracle-";

impl Cgroup {
    // ANCHOR: make
    /// Makes the directories and writes the limits into their files. How each directory goes away is
    /// written down before it is made.
    pub fn make(place: &Place, limits: &Limits, plan: &Plan) -> Result<Cgroup> {
        let name = name_of(&plan.directory().file_name().unwrap_or_default().to_string_lossy());
        let mut cgroup = Cgroup::default();
        for site in &place.sites {
            let directory = site.parent.join(&name);
            // Before its undo is written down, which would end what is in it.
            if directory.exists() {
                bail!(
                    "{} is there already\ncause: a container of another store has this id\n\
                       cure: choose another id, or give it a --cgroup-parent of its own",
                    directory.display()
                );
            }
            make_with_parents(&directory, site, plan)?;
            let controllers = match site.version {
                Version::V1 => site.controllers.clone(),
                Version::V2 => available(&site.controllers, &read(&directory, v2::CONTROLLERS)),
            };
            cgroup.parts.push(Part { version: site.version, controllers, directory });
        }
        cgroup.write(plan)?;
        LastEvents::make(plan)?;
        cgroup.parts.iter().try_for_each(|part| part.configure(limits))?;
        Ok(cgroup)
    }
    // ANCHOR_END: make

    fn write(&self, plan: &Plan) -> Result<()> {
        let file = plan.directory().join(FILE);
        plan.undo_later(Undo::RemoveFile(file.clone()))?;
        fs::write(&file, serde_json::to_vec(self)?).with_context(|| format!("cannot write {}", file.display()))
    }

    /// The cgroups of the container in a state directory; `None` if it was made without.
    pub fn read(directory: &Path) -> Result<Option<Cgroup>> {
        let file = directory.join(FILE);
        let text = match fs::read(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("cannot read {}", file.display()))?,
        };
        serde_json::from_slice(&text)
            .map(Some)
            .with_context(|| format!("{} is damaged\ncure: rm --force the container", file.display()))
    }

    /// The cgroups of a container that is alive, by its name or id.
    pub fn for_container(store: &Store, name: &str) -> Result<Cgroup> {
        let (directory, state) = store.find(name)?;
        if !state.is_alive() {
            bail!(Failure::new(1, format!("container {name} is not running: nothing is counted any more")));
        }
        match Cgroup::read(&directory)? {
            Some(cgroup) => Ok(cgroup),
            None => bail!(Failure::new(
                1,
                format!(
                    "container {name} has no cgroup of its own: it was made by an ordinary user without a delegated cgroup, \
                     or by another chapter's program"
                )
            )),
        }
    }

    /// With the controllers that its v2 cgroup has without having been asked for, or has been given
    /// since: the cgroup above decides.
    pub fn with_what_was_given(&self) -> Cgroup {
        let mut cgroup = self.clone();
        for part in cgroup.parts.iter_mut().filter(|part| part.version == Version::V2) {
            let given = read(&part.directory, v2::CONTROLLERS);
            let has_name = |controller: &Controller| controller.v2_name().is_some();
            let all: Vec<_> = Controller::ALL.into_iter().filter(has_name).collect();
            let new = available(&all, &given).into_iter().filter(|controller| !part.controllers.contains(controller));
            part.controllers.extend(new.collect::<Vec<_>>());
        }
        cgroup
    }

    // ANCHOR: where_it_is
    /// The directories in which a process of the container is: its own, or those below
    /// that were made inside. On v2, a cgroup that gives controllers to cgroups below
    /// takes no process any more (EBUSY); but one that has a process takes others.
    pub fn where_it_is(&self, process: i32) -> Result<Cgroup> {
        let machine = Machine::of_process(process)?;
        let parts = self.parts.iter().map(|part| {
            let mut own = machine.hierarchies.iter().map(|tree| &tree.own);
            let found = own.find(|own| own.starts_with(&part.directory));
            Part { directory: found.unwrap_or(&part.directory).clone(), ..part.clone() }
        });
        Ok(Cgroup { parts: parts.collect() })
    }
    // ANCHOR_END: where_it_is

    /// The directory that has a controller.
    pub fn part(&self, controller: Controller) -> Option<&Part> {
        self.parts.iter().find(|part| part.controllers.contains(&controller))
    }
}

impl Part {
    /// What the kernel demands before anything joins, then the limits.
    fn configure(&self, limits: &Limits) -> Result<()> {
        if self.version == Version::V1 && self.controllers.contains(&Controller::Cpuset) {
            v1::cpuset::inherit(&self.directory)?;
        }
        for setting in self.settings(limits) {
            setting.write(&self.directory)?;
            verify::check(&self.directory, &setting)?;
        }
        match &limits.devices {
            Some(rules) if self.version == Version::V2 => v2::devices::apply(&self.directory, rules),
            _ => Ok(()),
        }
    }

    /// The writes that limits take here.
    pub fn settings(&self, limits: &Limits) -> Vec<crate::setting::Setting> {
        let of = |controller: &Controller| settings(limits, *controller, self.version);
        let mut all: Vec<_> = self.controllers.iter().flat_map(of).collect();
        if self.version == Version::V2 {
            v2::io::for_bfq(&mut all, limits, &self.directory);
        }
        all
    }

    /// The file by which a process moves itself in, opened.
    pub fn entrance(&self) -> Result<File> {
        let name = if self.version == Version::V1 { v1::TASKS } else { v2::PROCS };
        let file = self.directory.join(name);
        File::options().write(true).open(&file).with_context(|| format!("cannot open {}", file.display()))
    }
}

/// Of an id of ours, 64 random digits, as many as `ps` shows tell one from all others, and paths
/// can be read. One that somebody chose is taken whole: the next may differ in its last letter.
fn name_of(id: &str) -> String {
    let is_random = id.len() == 64 && id.bytes().all(|letter| letter.is_ascii_hexdigit());
    format!("{PREFIX}{}", if is_random { &id[..12] } else { id })
}

/// Whether a directory of this name is one container's. (A scope that systemd delegated to us is
/// called alike.)
pub(crate) fn is_a_containers(name: &str) -> bool {
    name.starts_with(PREFIX) && !name.ends_with(".scope")
}

/// Whose a directory is.
pub(crate) enum Kind {
    OneContainers,
    /// Marked, so that every container that uses it knows that it goes with the last of them.
    Shared,
}

pub(crate) fn make_directory(directory: &Path, kind: Kind) -> Result<()> {
    let mode = match kind {
        Kind::OneContainers => 0o777,
        Kind::Shared => 0o777 | SHARED_CGROUP,
    };
    let made = DirBuilder::new().mode(mode).create(directory);
    let result = made.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)));
    report(&steps::MAKE_CGROUP, "mkdir", || vec![directory.display().to_string(), format!("0{mode:o}")], result)
}

/// Those of the controllers wanted that a v2 cgroup has. What was not demanded may not have been
/// delegated.
fn available(wanted: &[Controller], given: &str) -> Vec<Controller> {
    let is_given = |controller: &&Controller| {
        controller.v2_name().is_none_or(|name| given.split_whitespace().any(|given| given == name))
    };
    wanted.iter().filter(is_given).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_of_two_ids_never_have_one_name() {
        assert_eq!(name_of(&"0a1b2c3d4e5f6789".repeat(4)), "coracle-0a1b2c3d4e5f");
        assert_ne!(name_of("my-container-1"), name_of("my-container-2"));
    }

    #[test]
    fn a_v2_cgroup_has_what_its_parent_gave_and_what_is_built_in() {
        let wanted = [Controller::Cpu, Controller::Memory, Controller::Pids, Controller::Blkio, Controller::Freezer];
        assert_eq!(available(&wanted, "pids io\n"), [Controller::Pids, Controller::Blkio, Controller::Freezer]);
        assert_eq!(available(&wanted, ""), [Controller::Freezer]);
    }
}
