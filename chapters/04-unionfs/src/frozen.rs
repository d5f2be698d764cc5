//! A container that stands still while its files are read.

use std::path::Path;

use anyhow::{Context, Result};
use ch01_namespaces::{State, report};
use ch03_cgroups::cgroup::Cgroup;

use crate::store::{FreezeMarker, LayerStore};

/// A container's processes, held still as long as this value lives.
pub struct Frozen {
    group: Cgroup,
    /// Says to others who has to be thawed if we are killed. It goes last.
    _marker: FreezeMarker,
}

impl Frozen {
    /// `None` where there is nothing to hold: no process, no cgroup to do it with, or it is frozen
    /// already.
    pub fn while_alive(store: &LayerStore, container: &State) -> Result<Option<Frozen>> {
        let directory = store.containers().directory_of(container);
        let Some(group) = Cgroup::read(&directory)? else { return Ok(None) };
        if !container.is_alive() || ch03_cgroups::is_frozen(&group) {
            return Ok(None);
        }
        let frozen = Frozen { group, _marker: store.mark_freeze(&directory)? };
        match ch03_cgroups::freeze(&frozen.group, true) {
            Ok(()) => Ok(Some(frozen)),
            Err(error) => {
                // Better a layer than none; but not in silence.
                report(&error.context(format!(
                    "container {} could not be frozen and continues to run: the layer may contain incompletely written \
                     files",
                    &container.id[..12]
                )));
                Ok(None)
            }
        }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        if let Err(error) = thaw(&self.group) {
            report(&error);
        }
    }
}

fn thaw(group: &Cgroup) -> Result<()> {
    ch03_cgroups::freeze(group, false).context("the container could not be thawed\ncure: thaw it")
}

/// Thaws a container that a killed command left frozen, if it is still there.
pub fn thaw_left_behind(state_directory: &Path) -> Result<()> {
    match Cgroup::read(state_directory)? {
        Some(group) if ch03_cgroups::is_frozen(&group) => thaw(&group),
        _ => Ok(()),
    }
}
