//! The cgroups that `--cgroup-parent` asks for: made where they are missing, shared by all
//! containers that ask for them, and gone with the last.

use std::path::Path;

use anyhow::Result;
use ch01_namespaces::{Failure, Plan, Undo, is_shared_cgroup};
use nix::errno::Errno;

use crate::cgroup::{Kind, make_directory};
use crate::controller::{Controller, Version};
use crate::place::Site;
use crate::v1;

/// How often a parent may go just when we need it.
const ATTEMPTS: usize = 100;

// ANCHOR: parents
/// Makes a container's directory, and those above it that are missing. Whoever uses one that a
/// container has made, this or another, removes it unless it is in use: so the last does.
pub fn make_with_parents(directory: &Path, site: &Site, plan: &Plan) -> Result<()> {
    again_while_parents_go(|| {
        for parent in parents(site) {
            let is_missing = !parent.exists();
            if is_missing || is_shared_cgroup(parent) {
                plan.undo_later(Undo::RemoveEmptyCgroup(parent.into()))?;
            }
            if is_missing {
                make_unless_others_did(parent)?;
            }
        }
        plan.undo_later(Undo::RemoveCgroup(directory.into()))?;
        make_directory(directory, Kind::OneContainers)
    })?;
    // None above goes any more, now that there is a child in it.
    if site.version == Version::V1 && site.controllers.contains(&Controller::Cpuset) {
        parents(site).into_iter().filter(|parent| is_shared_cgroup(parent)).try_for_each(v1::cpuset::inherit)?;
    }
    site.enable()
}
// ANCHOR_END: parents

/// From below the tree's top down to the one that the container's directory is in.
fn parents(site: &Site) -> Vec<&Path> {
    let mut parents: Vec<_> = site.parent.ancestors().take_while(|directory| *directory != site.top).collect();
    parents.reverse();
    parents
}

fn make_unless_others_did(parent: &Path) -> Result<()> {
    match make_directory(parent, Kind::Shared) {
        Err(error) if Failure::from_error(&error).errno() == Some(Errno::EEXIST) => Ok(()),
        made => made,
    }
}

/// The last container in a parent may end, and remove it, between two steps of ours.
fn again_while_parents_go(make: impl Fn() -> Result<()>) -> Result<()> {
    for _ in 1..ATTEMPTS {
        match make() {
            Err(error) if Failure::from_error(&error).errno() == Some(Errno::ENOENT) => {}
            made => return made,
        }
    }
    make()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn parents_are_those_below_the_top_outermost_first() {
        let site = |parent: &str| Site {
            version: Version::V1,
            controllers: vec![],
            demanded: vec![],
            names: vec![],
            parent: parent.into(),
            top: "/tree".into(),
            ours: None,
            movable: vec![],
        };
        assert_eq!(parents(&site("/tree/boats/red")), [PathBuf::from("/tree/boats"), "/tree/boats/red".into()]);
        assert!(parents(&site("/tree")).is_empty());
    }
}
