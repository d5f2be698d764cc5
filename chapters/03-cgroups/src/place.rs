//! Where a container's cgroups go.

mod missing;
mod parent;
mod site;

use std::path::Path;

use anyhow::{Result, bail};
use nix::unistd::{AccessFlags, access};

use crate::controller::{Controller, Version};
use crate::delegated;
use crate::machine::{Hierarchy, Machine};
use missing::missing;
use parent::{check_parent, parent_in, part_of};
pub use site::Site;

/// One site in each tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// In the order of the trees.
    pub sites: Vec<Site>,
}

/// What a container gets without being asked: what is counted about it, and that it can be halted.
const ALWAYS: [Controller; 6] = [
    Controller::Cpu,
    Controller::Cpuacct,
    Controller::Memory,
    Controller::Pids,
    Controller::Blkio,
    Controller::Freezer,
];

// ANCHOR: find
impl Place {
    /// Decides it for every controller: those that limits demand, and those that every container gets
    /// where they are.
    pub fn find(machine: &Machine, demanded: &[Controller], parent: Option<&str>) -> Result<Place> {
        if let Some(asked) = parent {
            check_parent(asked)?;
        }
        let mut sites: Vec<(&Hierarchy, Site)> = Vec::new();
        for controller in Controller::ALL {
            let is_demanded = demanded.contains(&controller);
            if !is_demanded && !ALWAYS.contains(&controller) {
                continue;
            }
            let Some(hierarchy) = machine.hierarchy_of(controller) else {
                if is_demanded {
                    bail!("{}", missing(machine, controller));
                }
                continue;
            };
            let known = sites.iter().position(|(known, _)| *known == hierarchy);
            let site = match known {
                Some(index) => &mut sites[index].1,
                None => {
                    let (version, top) = (hierarchy.version, hierarchy.mount_point.clone());
                    let ours = part_of(hierarchy, parent);
                    let movable = if version == Version::V2 { delegated::movable(hierarchy) } else { Vec::new() };
                    let parent = parent_in(hierarchy, parent, ours.as_deref(), &movable)?;
                    let (names, controllers, demanded) = (hierarchy.names.clone(), vec![], vec![]);
                    let site = Site { version, controllers, demanded, names, parent, top, ours, movable };
                    sites.push((hierarchy, site));
                    &mut sites.last_mut().expect("pushed a moment ago").1
                }
            };
            site.controllers.push(controller);
            site.demanded.extend(is_demanded.then_some(controller));
        }
        if sites.is_empty() {
            bail!("{}", missing(machine, Controller::Memory));
        }
        Ok(Place { sites: sites.into_iter().map(|(_, site)| site).collect() })
    }
    // ANCHOR_END: find

    /// Whether this user may make cgroups there. (The kernel has the last word.)
    pub fn is_ours(&self) -> bool {
        self.sites.iter().all(|site| {
            let there = site.parent.ancestors().find(|directory| directory.exists());
            site.ours.is_some() && there.is_some_and(|directory| access(directory, AccessFlags::W_OK).is_ok())
        })
    }

    /// A file system that nobody may write to, root neither.
    pub fn is_read_only(&self) -> bool {
        let there = |site: &Site| site.parent.ancestors().find(|directory| directory.exists()).map(Path::to_path_buf);
        let directories = self.sites.iter().filter_map(there);
        directories.into_iter().any(|directory| access(&directory, AccessFlags::W_OK) == Err(nix::errno::Errno::EROFS))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn v1(name: &str) -> Hierarchy {
        let mount_point = PathBuf::from("/no-such-mount").join(name);
        Hierarchy { version: Version::V1, names: vec![name.into()], own: mount_point.join("me"), mount_point }
    }

    #[test]
    fn what_is_demanded_and_not_there_is_an_error_and_the_rest_is_done_without() {
        let machine = Machine { hierarchies: vec![v1("memory")], has_trees: true };
        let place = Place::find(&machine, &[Controller::Memory], None).unwrap();
        assert_eq!(place.sites.len(), 1);
        assert_eq!(place.sites[0].parent, Path::new("/no-such-mount/memory/me"));
        assert!(
            Place::find(&machine, &[Controller::Pids], None).unwrap_err().to_string().contains("pids is not available")
        );
        let without = |has_trees| {
            let machine = Machine { has_trees, ..Machine::default() };
            Place::find(&machine, &[], None).unwrap_err().to_string()
        };
        assert!(without(false).contains("no cgroup file system"));
        assert!(without(true).contains("not the part that this process is in"));
    }
}
