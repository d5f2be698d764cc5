//! A place in one tree, and on v2 what has to be enabled on the way to it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use nix::unistd::{AccessFlags, access};

use crate::controller::{Controller, Version};
use crate::setting::write;
use crate::{make_leaf, steps, v2};

/// A place in one tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The tree's interface.
    pub version: Version,
    /// What the cgroup shall have there.
    pub controllers: Vec<Controller>,
    /// Those of them that limits were asked for.
    pub demanded: Vec<Controller>,
    /// All controllers of the tree, by the kernel's names.
    pub names: Vec<String>,
    /// The directory in which the cgroup is made.
    pub parent: PathBuf,
    /// The top of the tree, as we see it.
    pub top: PathBuf,
    /// The topmost cgroup that is ours to divide, if any is.
    pub ours: Option<PathBuf>,
    /// The cgroups whose processes are ours to move.
    pub movable: Vec<PathBuf>,
}

impl Site {
    /// On v2, lets every cgroup of ours from the topmost down to the parent give its children the
    /// controllers that are wanted. What was not demanded may be refused.
    pub fn enable(&self) -> Result<()> {
        if self.version == Version::V1 {
            return Ok(());
        }
        self.ours_to_divide().iter().try_for_each(|directory| self.enable_in(directory))
    }

    /// The cgroups from the topmost that is ours down to the parent.
    pub fn ours_to_divide(&self) -> Vec<PathBuf> {
        let top = self.ours.as_ref().unwrap_or(&self.top);
        let mut cgroups: Vec<PathBuf> =
            self.parent.ancestors().take_while(|cgroup| cgroup.starts_with(top)).map(Into::into).collect();
        cgroups.reverse();
        cgroups
    }

    /// On v2, moves our processes out of the way of the cgroups that are to be made. Never anybody
    /// else's.
    pub fn make_room(&self) -> Result<()> {
        let in_the_way = self.movable.iter().filter(|cgroup| self.parent.starts_with(cgroup));
        in_the_way.filter(|cgroup| make_leaf::is_delegated(cgroup)).try_for_each(|cgroup| make_leaf::make(cgroup))
    }

    fn enable_in(&self, directory: &Path) -> Result<()> {
        let file = directory.join(v2::SUBTREE_CONTROL);
        let given = fs::read_to_string(&file).unwrap_or_default();
        let is_parent = directory == self.parent;
        // The kernel would let it give the threaded controllers, and then nobody into its children
        // (EOPNOTSUPP).
        if !is_parent && make_leaf::has_processes(directory) {
            return Ok(());
        }
        for controller in &self.controllers {
            let Some(name) = controller.v2_name() else { continue };
            if given.split_whitespace().any(|known| known == name) {
                continue;
            }
            // Further up others may have a say; what counts is the parent.
            let demanded = self.demanded.contains(controller) && is_parent;
            if !demanded && access(&file, AccessFlags::W_OK).is_err() {
                continue;
            }
            let enabled = write(&steps::ENABLE, &file, &format!("+{name}"));
            if demanded {
                enabled.map_err(|error| {
                    error.context(format!("the controller {name} is not available in {}", directory.display()))
                })?;
            }
        }
        Ok(())
    }
}
