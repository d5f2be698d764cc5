//! Entering a container with groups: whoever does is held to its limits as well.

use anyhow::{Context, Result};
use ch01_namespaces::{Store, refuse_frozen_cgroup};

use crate::group::Group;
use crate::{delegation, mechanisms};

/// Moves this process into the groups of a container. (A process that is named by its number is in whatever groups it is in;
/// there we stay in ours.)
pub fn join_groups_of(store: &Store, name: &str) -> Result<()> {
    if name.parse::<i32>().is_ok() {
        return Ok(());
    }
    let (directory, state) = store.find(name)?;
    match Group::read(&directory)? {
        Some(group) if state.is_alive() => {
            let group = group.where_it_is(state.pid)?;
            // We would stand still with it, and on v1 not even die of SIGKILL.
            group.parts.iter().try_for_each(|part| refuse_frozen_cgroup(&part.directory)).with_context(|| {
                format!(
                    "container {name} is frozen: what enters it would stand still as well\n\
                     cure: thaw {name}; or where a group above is frozen, thaw that"
                )
            })?;
            delegation::reach(&group)?;
            mechanisms::join(&group)
        }
        _ => Ok(()),
    }
}
