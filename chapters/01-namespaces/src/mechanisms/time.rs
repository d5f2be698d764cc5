//! Clocks of its own: time_namespaces(7).

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;

use anyhow::{Context, Result};

use crate::mechanism::{Handover, Mechanism};
use crate::namespaces::{Namespace, Namespaces};
use crate::plan::Inside;
use crate::stage::Stage;
use crate::steps;
use crate::sys;

// ANCHOR: time
/// A time namespace, with offsets to the clocks that count from boot. The clock on the wall is
/// nobody's own.
///
/// Offsets can be set only while nobody is in the namespace, and a clone3(CLONE_NEWTIME) puts the
/// child in at once. An unshare(2) makes one for the children to come; we write the offsets, and
/// then join it ourselves.
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
        if (self.boottime, self.monotonic) != (0, 0) {
            let offsets = format!("monotonic {} 0\nboottime {} 0\n", self.monotonic, self.boottime);
            sys::write_file(&steps::SET_CLOCKS, Path::new("/proc/self/timens_offsets"), &offsets)?;
        }
        let namespace = File::open("/proc/self/ns/time_for_children").context("cannot open the new time namespace")?;
        sys::setns(&steps::JOIN_TIME, namespace.as_fd(), Namespaces::none().with(Namespace::Time))
    }
}
// ANCHOR_END: time
