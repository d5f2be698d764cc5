//! The one idea: a container is a process plus a list of mechanisms.

use std::os::fd::OwnedFd;

use anyhow::Result;

use crate::plan::{Inside, Plan, Process};
use crate::stage::Stage;

// ANCHOR: mechanism
/// One kernel mechanism that shapes a container.
pub trait Mechanism {
    /// What it is called in errors and narration.
    fn name(&self) -> &'static str;

    /// Its place in the making of a container. The list is sorted by stage (stably), never by chapter.
    fn stage(&self) -> Stage;

    /// Host side, before the process exists: tells the plan what the clone needs, and leaves there what
    /// others look for.
    fn prepare(&mut self, _plan: &mut Plan) -> Result<()> {
        Ok(())
    }

    /// Whether the child must stop and ask for [`attach`](Mechanism::attach). Asking costs a round trip
    /// (some 10 µs).
    fn needs_host(&self) -> bool {
        false
    }

    /// Host side, the process exists and waits: write its uid map, put it in a cgroup, give it a
    /// network interface. What this returns crosses to the child.
    fn attach(&mut self, _process: &Process) -> Result<Handover> {
        Ok(Handover::default())
    }

    /// Inside, before exec: mount, pivot, set the host name. The child works on a copy made at the
    /// clone: it knows what `prepare` knew and what was handed over; what it changes in itself is lost.
    fn enter(&self, _from_host: Handover, _inside: &mut Inside) -> Result<()> {
        Ok(())
    }
}
// ANCHOR_END: mechanism

/// What [`Mechanism::attach`] hands to [`Mechanism::enter`]: the fork lies between them, so memory
/// set in one is never seen by the other; bytes and file descriptors cross over the link.
#[derive(Debug, Default)]
pub struct Handover {
    /// Anything that fits into one message, whatever its bytes: 30 kB.
    pub bytes: Vec<u8>,
    /// Open files, 16 at the most; close-on-exec in the child.
    pub fds: Vec<OwnedFd>,
}

/// Sorts by stage; mechanisms of one stage keep the order they were given in.
pub fn in_stage_order(mut mechanisms: Vec<Box<dyn Mechanism>>) -> Vec<Box<dyn Mechanism>> {
    mechanisms.sort_by_key(|mechanism| mechanism.stage());
    mechanisms
}
