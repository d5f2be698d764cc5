//! A /proc of its own: proc(5).

use std::path::Path;

use anyhow::Result;
use nix::mount::MsFlags;

use crate::mechanism::{Handover, Mechanism};
use crate::plan::Inside;
use crate::stage::Stage;
use crate::steps;
use crate::sys;

/// A new /proc over the old. A proc file system shows the PID namespace of whoever mounted it, so
/// the one that came with the mount table still shows the host's processes.
///
/// Without setuid programs, devices and programs at all, as container runtimes mount it; in a user
/// namespace the kernel also insists on the flags that the old one had.
#[derive(Debug, Clone, Default)]
pub struct Proc;

// ANCHOR: proc
impl Mechanism for Proc {
    fn name(&self) -> &'static str {
        "proc"
    }

    fn stage(&self) -> Stage {
        Stage::Mounts
    }

    fn enter(&self, _: Handover, _: &mut Inside) -> Result<()> {
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        sys::mount_new(&steps::MOUNT_PROC, "proc", Path::new("/proc"), flags)
    }
}
// ANCHOR_END: proc
