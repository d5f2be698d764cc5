//! A mount table of its own: mount_namespaces(7).

use std::path::Path;

use anyhow::Result;
use nix::mount::MsFlags;

use crate::mechanism::{Handover, Mechanism};
use crate::namespaces::Namespace;
use crate::plan::{Inside, Plan};
use crate::stage::Stage;
use crate::steps;
use crate::sys;

// ANCHOR: mount
/// A mount namespace that keeps its mounts to itself.
///
/// A new mount namespace begins with a copy of the mount table, and each copy stays in its peer
/// group: where systemd has made `/` shared, a mount made inside shows up on the host, and
/// unmounting it unmounts the host's. Hence private, recursively, before anything else is mounted.
/// The files below the mounts are the same files all along.
#[derive(Debug, Clone, Default)]
pub struct PrivateMounts;

impl Mechanism for PrivateMounts {
    fn name(&self) -> &'static str {
        "mount"
    }

    fn stage(&self) -> Stage {
        Stage::Root
    }

    fn prepare(&mut self, plan: &mut Plan) -> Result<()> {
        plan.create.add(Namespace::Mount);
        Ok(())
    }

    fn enter(&self, _: Handover, _: &mut Inside) -> Result<()> {
        sys::mount_propagation(&steps::MAKE_PRIVATE, Path::new("/"), MsFlags::MS_REC | MsFlags::MS_PRIVATE)
    }
}
// ANCHOR_END: mount
