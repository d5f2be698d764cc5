//! A root file system that is there already.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ch01_namespaces::{Handover, Inside, Mechanism, Plan, Stage};

use crate::rooted::Root;
use crate::{steps, sys};

// ANCHOR: given_root
/// A directory of the host's as the root. pivot_root(2) demands a mount point, so the directory is
/// bound on itself; that also gives the container a mount whose flags are nobody else's.
#[derive(Debug)]
pub struct GivenRoot {
    directory: PathBuf,
}

impl GivenRoot {
    /// A directory that a person names: an empty one is a mistake. `directory` may be relative, and a
    /// link.
    pub fn new(directory: &Path) -> Result<GivenRoot> {
        let root = GivenRoot::may_be_empty(directory)?;
        let mut entries =
            root.directory.read_dir().with_context(|| format!("cannot read {}", root.directory.display()))?;
        if entries.next().is_none() {
            bail!("the root file system {} is empty\ncure: fill it with: rootfs create {0}", directory.display());
        }
        Ok(root)
    }

    /// A directory that is what it is: a layer.
    pub fn may_be_empty(directory: &Path) -> Result<GivenRoot> {
        let there = directory.canonicalize().with_context(|| {
            format!("cannot find the root file system {}\ncure: make one with: rootfs create {0}", directory.display())
        })?;
        if !there.is_dir() {
            bail!("the root file system {} is not a directory", directory.display());
        }
        if there == Path::new("/") {
            bail!("the root file system can't be the host's own /");
        }
        Ok(GivenRoot { directory: there })
    }
}

impl Mechanism for GivenRoot {
    fn name(&self) -> &'static str {
        "root"
    }

    fn stage(&self) -> Stage {
        Stage::Root
    }

    fn prepare(&mut self, plan: &mut Plan) -> Result<()> {
        plan.root.clone_from(&self.directory);
        Ok(())
    }

    fn enter(&self, _: Handover, inside: &mut Inside) -> Result<()> {
        let place = Root::open(&inside.root)?;
        let mount = sys::copy_tree(&steps::BIND_ROOT, &inside.root)?;
        sys::set_attributes(&steps::BIND_ROOT, mount.as_fd(), 0)?;
        let directory = inside.root.display().to_string();
        sys::attach(&steps::BIND_ROOT, &directory, mount.as_fd(), place.as_fd(), &inside.root)
    }
}
// ANCHOR_END: given_root
