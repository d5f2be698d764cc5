//! The default root: the machine's own programs, and everything else in memory.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ch01_namespaces::{Handover, Inside, Mechanism, Plan, Stage, Undo};
use nix::sys::stat::{Mode, mkdirat};

use crate::rooted::Root;
use crate::sys::attr::READ_ONLY;
use crate::{hostbox, steps, sys};

/// A root that begins as a copy of a template and ends with the container. It is a tmpfs; the
/// template's big directories (`usr` and the like) are bound into it read-only, its links and small
/// files are copied. So a container may write where programs write, and neither the template nor
/// the host sees it. (Chapter 4 does that properly, with layers.)
#[derive(Debug)]
pub struct ScratchRoot {
    template: PathBuf,
}

/// Directories that are copied, since programs and people write there.
const COPIED: [&str; 5] = ["etc", "home", "root", "tmp", "var"];

impl ScratchRoot {
    /// The machine-made root file system as the template; made now if there is none, or the machine's
    /// programs changed.
    pub fn of_this_machine() -> Result<ScratchRoot> {
        Ok(ScratchRoot { template: hostbox::cached().context("cannot make the default root file system")? })
    }
}

impl Mechanism for ScratchRoot {
    fn name(&self) -> &'static str {
        "root"
    }

    fn stage(&self) -> Stage {
        Stage::Root
    }

    fn prepare(&mut self, plan: &mut Plan) -> Result<()> {
        let place = plan.directory().join("root");
        plan.undo_later(Undo::RemoveDirectory(place.clone()))?;
        fs::DirBuilder::new().mode(0o755).create(&place).with_context(|| format!("cannot make {}", place.display()))?;
        plan.root = place;
        Ok(())
    }

    fn enter(&self, _: Handover, inside: &mut Inside) -> Result<()> {
        let place = Root::open(&inside.root)?;
        let options = [("mode".to_string(), "755".to_string())];
        let tmpfs = sys::new_mount(&steps::SCRATCH_ROOT, "tmpfs", &options, 0)?;
        sys::attach(&steps::SCRATCH_ROOT, "tmpfs", tmpfs.as_fd(), place.as_fd(), &inside.root)?;
        let root = Root::open(&inside.root)?;
        let entries =
            fs::read_dir(&self.template).with_context(|| format!("cannot read {}", self.template.display()))?;
        for entry in entries {
            let entry = entry?;
            let (from, to) = (entry.path(), Path::new("/").join(entry.file_name()));
            let is_empty = || fs::read_dir(&from).is_ok_and(|mut entries| entries.next().is_none());
            if COPIED.iter().any(|name| entry.file_name() == *name) || !entry.file_type()?.is_dir() || is_empty() {
                copy(&from, &root, &to).with_context(|| format!("cannot copy {}", from.display()))?;
            } else {
                borrow(&from, &root.directory(&to)?, &to)?;
            }
        }
        Ok(())
    }
}

// ANCHOR: borrow
/// Binds a directory of the template, read-only.
fn borrow(source: &Path, place: &OwnedFd, target: &Path) -> Result<()> {
    let mount = sys::copy_tree(&steps::BORROW, source)?;
    sys::set_attributes(&steps::BORROW, mount.as_fd(), READ_ONLY)?;
    sys::attach(&steps::BORROW, &source.display().to_string(), mount.as_fd(), place.as_fd(), target)
}
// ANCHOR_END: borrow

/// Copies a link, a small file, or a directory of them. The template is ours, so its own paths can
/// be trusted.
fn copy(from: &Path, root: &Root, to: &Path) -> Result<()> {
    let meta = fs::symlink_metadata(from)?;
    if meta.is_symlink() {
        return root.link(&fs::read_link(from)?, to);
    }
    let mode = Mode::from_bits_truncate(meta.mode() & 0o7777);
    if meta.is_dir() {
        let (parent, name) = root.parent(to)?;
        sys::with_exact_modes(|| mkdirat(&parent, &name, mode))?;
        return fs::read_dir(from)?.try_for_each(|entry| {
            let entry = entry?;
            copy(&entry.path(), root, &to.join(entry.file_name()))
        });
    }
    let mut file = File::from(root.new_file(to, mode)?);
    Ok(io::copy(&mut File::open(from)?, &mut file).map(drop)?)
}
