//! Room for cgroups on v2, where processes are only in leaves.

use std::fs::{self, DirBuilder, read_to_string};
use std::path::Path;

use anyhow::{Result, bail};
use ch01_namespaces::Failure;
use nix::errno::Errno;
use nix::unistd::{AccessFlags, access};

use crate::setting::write;
use crate::{steps, v2};

/// Where our processes go when they have to make room.
const SUPERVISOR: &str = "coracle-supervisor";

/// How often to look for processes that have come meanwhile.
const ROUNDS: usize = 20;

// ANCHOR: room
/// Moves the processes of a delegated cgroup into a leaf below it, ours among them.
pub fn make(cgroup: &Path) -> Result<()> {
    let leaf = cgroup.join(SUPERVISOR);
    // One that is being moved may start another meanwhile.
    for _ in 0..ROUNDS {
        if !has_processes(cgroup) {
            return Ok(());
        }
        // It is there already where two of us come at once.
        let _ = DirBuilder::new().create(&leaf);
        for process in read_to_string(cgroup.join(v2::PROCS))?.lines() {
            match write(&steps::MAKE_ROOM, &leaf.join(v2::PROCS), process) {
                // Who has ended meanwhile needn't move.
                Err(error) if Failure::from_error(&error).errno() == Some(Errno::ESRCH) => {}
                moved => moved?,
            }
        }
    }
    bail!("{} is never empty: its processes start others as fast as they are moved", cgroup.display())
}
// ANCHOR_END: room

/// Whether a process in `own` is in `cgroup`, or was when room was made there.
pub fn is_made_in(cgroup: &Path, own: &Path) -> bool {
    own == cgroup || own == cgroup.join(SUPERVISOR)
}

/// Whether a cgroup has processes of its own that stand in the way. The root of all may have them.
pub fn has_processes(cgroup: &Path) -> bool {
    let is_root = !cgroup.join(v2::TYPE).exists();
    !is_root && fs::read_to_string(cgroup.join(v2::PROCS)).is_ok_and(|processes| !processes.is_empty())
}

/// Whether a cgroup was given to us: its directory, its list of processes and its list of
/// controllers.
pub fn is_delegated(cgroup: &Path) -> bool {
    may_write(cgroup) && may_write(&cgroup.join(v2::PROCS)) && may_write(&cgroup.join(v2::SUBTREE_CONTROL))
}

/// Whether the files' owner lets us.
pub fn may_write(path: &Path) -> bool {
    access(path, AccessFlags::W_OK).is_ok()
}
