//! Entering a container with cgroups: whoever does is held to its limits as well.

use anyhow::{Context, Result};
use ch01_namespaces::{Store, refuse_frozen_cgroup};

use crate::cgroup::Cgroup;
use crate::{delegation, mechanisms};

/// Moves this process into the cgroups of a container. (A process that is named by its number is in
/// whatever cgroups it is in; there we stay in ours.)
pub fn join_cgroups_of(store: &Store, name: &str) -> Result<()> {
    if name.parse::<i32>().is_ok() {
        return Ok(());
    }
    let (directory, state) = store.find(name)?;
    match Cgroup::read(&directory)? {
        Some(cgroup) if state.is_alive() => {
            let cgroup = cgroup.where_it_is(state.pid)?;
            // We would stand still with it, and on v1 not even die of SIGKILL.
            cgroup.parts.iter().try_for_each(|part| refuse_frozen_cgroup(&part.directory)).with_context(|| {
                format!(
                    "container {name} is frozen: what enters it would stand still as well\n\
                     cure: thaw {name}; or where a cgroup above is frozen, thaw that"
                )
            })?;
            delegation::reach(&cgroup)?;
            mechanisms::join(&cgroup)
        }
        _ => Ok(()),
    }
}
