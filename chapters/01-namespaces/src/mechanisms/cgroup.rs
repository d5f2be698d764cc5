//! A cgroup tree that begins at the container: cgroup_namespaces(7).

use anyhow::Result;

use crate::mechanism::{Handover, Mechanism};
use crate::namespaces::{Namespace, Namespaces};
use crate::plan::Inside;
use crate::stage::Stage;
use crate::steps;
use crate::sys;

// ANCHOR: cgroup
/// A cgroup namespace. Its root is the cgroup that the process is in at that moment, so it is made
/// by the child itself, in a stage after the one in which the process is put into its cgroup, and
/// not by the clone.
#[derive(Debug, Clone, Default)]
pub struct CgroupNamespace;

impl Mechanism for CgroupNamespace {
    fn name(&self) -> &'static str {
        "cgroup"
    }

    fn stage(&self) -> Stage {
        Stage::Root
    }

    fn enter(&self, _: Handover, _: &mut Inside) -> Result<()> {
        sys::unshare(&steps::UNSHARE_CGROUP, Namespaces::none().with(Namespace::Cgroup))
    }
}
// ANCHOR_END: cgroup
