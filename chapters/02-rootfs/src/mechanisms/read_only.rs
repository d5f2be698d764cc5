//! A root that can't be written to.

use std::os::fd::AsFd;
use std::path::Path;

use anyhow::Result;
use ch01_namespaces::{Handover, Inside, Mechanism, Stage};

use crate::rooted::Root;
use crate::{steps, sys};

/// The root's own mount becomes read-only, once everything has been put in its place. What is
/// mounted below it (volumes, /tmp) keeps its own flags.
#[derive(Debug, Clone, Default)]
pub struct ReadOnlyRoot;

impl Mechanism for ReadOnlyRoot {
    fn name(&self) -> &'static str {
        "read-only root"
    }

    fn stage(&self) -> Stage {
        Stage::System
    }

    // ANCHOR: read_only
    fn enter(&self, _: Handover, inside: &mut Inside) -> Result<()> {
        let root = Root::open(Path::new(&inside.root))?;
        sys::make_root_read_only(&steps::READ_ONLY, root.as_fd())
    }
    // ANCHOR_END: read_only
}
