//! The change of root: pivot_root(2), and chroot(2) for comparison.

use std::path::Path;

use anyhow::Result;
use ch01_namespaces::{Handover, Inside, Mechanism, Stage};

use crate::{steps, sys};

// ANCHOR: pivot
/// The new root becomes /, and the old one leaves the mount table.
#[derive(Debug, Clone, Default)]
pub struct PivotRoot;

impl Mechanism for PivotRoot {
    fn name(&self) -> &'static str {
        "pivot"
    }

    fn stage(&self) -> Stage {
        Stage::Pivot
    }

    fn enter(&self, _: Handover, inside: &mut Inside) -> Result<()> {
        sys::chdir(&steps::ENTER_NEW_ROOT, &inside.root)?;
        // Both arguments the same: the old root is put on top of the new one, so that no directory for it
        // is needed, and a read-only image will do.
        sys::pivot_root(&steps::PIVOT_ROOT)?;
        // What lies on top at "." is the old root. Lazily: the caller's own files on it may be open.
        sys::detach_working_directory(&steps::DETACH_OLD_ROOT)?;
        sys::chdir(&steps::LEAVE_OLD_ROOT, Path::new("/"))?;
        inside.root = "/".into();
        Ok(())
    }
}
// ANCHOR_END: pivot

// ANCHOR: chroot
/// The older way, kept for the lesson: what / means to this process changes, and the mount table
/// doesn't. Root inside gets out with a descriptor from before, or a second chroot.
#[derive(Debug, Clone, Default)]
pub struct Chroot;

impl Mechanism for Chroot {
    fn name(&self) -> &'static str {
        "chroot"
    }

    fn stage(&self) -> Stage {
        Stage::Pivot
    }

    fn enter(&self, _: Handover, inside: &mut Inside) -> Result<()> {
        sys::chroot(&steps::CHROOT_INTO, &inside.root)?;
        sys::chdir(&steps::LEAVE_OLD_ROOT, Path::new("/"))?;
        inside.root = "/".into();
        Ok(())
    }
}
// ANCHOR_END: chroot
