//! Exercise 2.6a: a volume that is only read.
//!
//! "Read-only" is a flag of a mount, not of its files; and the kernel ignores it in the call that
//! makes a bind mount. Read mount(2), "Creating a bind mount" and "Remounting", and
//! mount_setattr(2); check with `cargo wb check 2.6a`.

use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

/// Shows what is at `source`, a directory or a file, and what is mounted below it, at `target` as
/// well, and all of it read-only there. At `source` it stays as it was. `target` is there: a
/// directory for a directory, a file for a file.
///
/// It works for root of a user namespace, where a mount's flags (nosuid, nodev, noexec) may be
/// locked. Fails, saying which step failed, when the kernel refuses one of them.
///
/// nix has no mount_setattr; given is `given::mount_setattr(path: &Path, flags: i32, attributes:
/// u64) -> Result<()>`.
pub fn bind_read_only(source: &Path, target: &Path) -> Result<()> {
    // wb:answer
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
        .with_context(|| format!("mount(MS_BIND|MS_REC) of {} on {}", source.display(), target.display()))?;
    // Sets this flag on each mount of the tree, and leaves the others, so that none that is locked is
    // lost.
    given::mount_setattr(target, libc::AT_RECURSIVE, libc::MOUNT_ATTR_RDONLY)
        .with_context(|| format!("mount_setattr(AT_RECURSIVE, MOUNT_ATTR_RDONLY) on {}", target.display()))?;
    Ok(())
    // wb:starter
    // todo!("bind it, then make each mount of it read-only")
    // wb:end
}
