//! Exercise 2.6a: a volume that is only read.
//!
//! "Read-only" is a flag of a mount, not of its files; and the kernel ignores it in the call that
//! makes a bind mount. Read mount(2), "Creating a bind mount" and "Remounting", and
//! mount_setattr(2); check with `cargo wb check 2.6a`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

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
    todo!("bind it, then make each mount of it read-only")
}
