//! Clocks of its own: time_namespaces(7).

use std::path::Path;

use anyhow::Result;

use crate::mechanism::{Handover, Mechanism};
use crate::namespaces::{Namespace, Namespaces};
use crate::plan::Inside;
use crate::stage::Stage;
use crate::steps;
use crate::sys;

// ANCHOR: time
/// A time namespace, with offsets to the clocks that count from boot. The clock on the wall is nobody's own.
///
/// Offsets can be set only while nobody is in the namespace. A clone3(CLONE_NEWTIME) puts the child in at once, which is too
/// late; after an unshare(2) the process itself stays outside until it becomes another program by execve(2) (Linux 6.1 and
/// later; before that only its children are inside).
#[derive(Debug, Clone, Default)]
pub struct TimeNamespace {
    /// Seconds to add to CLOCK_BOOTTIME, what `uptime` shows.
    pub boottime: i64,
    /// Seconds to add to CLOCK_MONOTONIC.
    pub monotonic: i64,
}

impl Mechanism for TimeNamespace {
    fn name(&self) -> &'static str {
        "time"
    }

    fn stage(&self) -> Stage {
        Stage::System
    }

    fn enter(&self, _: Handover, _: &mut Inside) -> Result<()> {
        sys::unshare(&steps::UNSHARE_TIME, Namespaces::none().with(Namespace::Time))?;
        if (self.boottime, self.monotonic) == (0, 0) {
            return Ok(());
        }
        let offsets = format!("monotonic {} 0\nboottime {} 0\n", self.monotonic, self.boottime);
        sys::write_file(&steps::SET_CLOCKS, Path::new("/proc/self/timens_offsets"), &offsets)
    }
}
// ANCHOR_END: time
