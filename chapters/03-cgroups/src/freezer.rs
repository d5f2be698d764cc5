//! Halting a container, and letting it go on.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::controller::{Controller, Version};
use crate::group::{Group, Part};
use crate::setting::write;
use crate::{steps, v1, v2};

/// How long processes may take: one that waits for a disk can be frozen only afterwards.
const PATIENCE: Duration = Duration::from_secs(10);

// ANCHOR: freeze
/// Returns when every process stands still, or goes on: the write only asks for it.
pub fn freeze(group: &Group, frozen: bool) -> Result<()> {
    let part = group.part(Controller::Freezer).context("the container is in no group that can be frozen")?;
    let why = if frozen { &steps::FREEZE } else { &steps::THAW };
    let end = Instant::now() + PATIENCE;
    let (file, text) = match part.version {
        Version::V1 => (v1::freezer::STATE, v1::freezer::wanted(frozen)),
        Version::V2 => (v2::freezer::FREEZE, v2::freezer::wanted(frozen)),
    };
    write(why, &part.folder.join(file), text)?;
    while !is(part, frozen) {
        if Instant::now() >= end {
            bail!(
                "not every process was reached in {PATIENCE:?}: one waits for a device, or the group above is frozen"
            );
        }
        sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// By the kernel's word: all have been reached.
fn is(part: &Part, frozen: bool) -> bool {
    match part.version {
        Version::V1 => v1::freezer::is(&part.folder, frozen),
        Version::V2 => v2::freezer::is(&part.folder, frozen),
    }
}
// ANCHOR_END: freeze

/// Whether a container stands still, whoever froze it: this group or one above.
pub fn is_frozen(group: &Group) -> bool {
    group.part(Controller::Freezer).is_some_and(|part| is(part, true))
}

/// Whether a process that joined would stand still, be it that not all others do so yet.
pub fn halts_whoever_joins(group: &Group) -> bool {
    let is_asked_for = |part: &Part| match part.version {
        Version::V1 => v1::freezer::is_freezing(&part.folder),
        Version::V2 => v2::freezer::is_freezing(&part.folder),
    };
    is_frozen(group) || group.part(Controller::Freezer).is_some_and(is_asked_for)
}
