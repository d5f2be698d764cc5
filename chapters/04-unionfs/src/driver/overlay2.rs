//! overlay2: layers are directories, and the kernel's overlayfs unites them.
//!
//! Docker's layout, below the data root:
//!
//! | path | what it is |
//! |---|---|
//! | `overlay2/ID/diff` | the layer's own files, whiteouts among them |
//! | `overlay2/ID/link` | the layer's short name |
//! | `overlay2/ID/lower` | the short names of the layers below it, topmost first, with colons between |
//! | `overlay2/ID/work` | where overlayfs prepares a file before it appears in `diff` |
//! | `overlay2/ID/merged` | where the union is mounted, in the container's mount namespace only |
//! | `overlay2/l/SHORT` | a link to `../ID/diff`: 128 of them fit into one page of mount options |

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ch01_namespaces::{Mechanism, Privilege, Undo};

use super::{CacheId, Name, StorageDriver};
use crate::archive::WhiteoutForm;
use crate::changes::{Change, Form, changes};
use crate::mechanisms::OverlayRoot;
use crate::owner::as_owner;

pub use crate::mechanisms::overlay_root::try_mount;

/// Docker's limit, which is what fits into one page.
pub const MOST_LAYERS: usize = 128;

/// The driver.
#[derive(Debug)]
pub struct Overlay2 {
    directory: PathBuf,
}

impl Overlay2 {
    /// Opens its store.
    pub fn open(data_root: &Path) -> Result<Overlay2> {
        let directory = data_root.join("overlay2");
        make_directory(&directory, 0o710)?;
        make_directory(&directory.join("l"), 0o700)?;
        Ok(Overlay2 { directory })
    }

    fn layer(&self, id: &CacheId) -> PathBuf {
        self.directory.join(id)
    }
}

impl StorageDriver for Overlay2 {
    fn name(&self) -> Name {
        Name::Overlay2
    }

    fn create(&self, id: &CacheId, below: &[CacheId]) -> Result<()> {
        ensure!(below.len() < MOST_LAYERS, "a stack of more than {MOST_LAYERS} layers can't be mounted");
        let layer = self.layer(id);
        make_directory(&layer, 0o710)?;
        for (name, mode) in [("diff", 0o755), ("work", 0o700), ("merged", 0o700)] {
            make_directory(&layer.join(name), mode)?;
        }
        if let Some(top) = below.first() {
            copy_owner_and_mode(&self.content(top), &layer.join("diff"))?;
        }
        let link = short_name(id);
        fs::write(layer.join("link"), &link).context("cannot write the layer's short name")?;
        if !below.is_empty() {
            fs::write(layer.join("lower"), lower(below).join(":")).context("cannot write the list of layers")?;
        }
        let place = self.directory.join("l").join(link);
        symlink(format!("../{id}/diff"), &place).with_context(|| format!("cannot link {}", place.display()))
    }

    fn undo(&self, id: &CacheId) -> Vec<Undo> {
        // The directory last: by its name the sweeper finds what a killed command has left.
        vec![Undo::RemoveFile(self.directory.join("l").join(short_name(id))), Undo::RemoveTree(self.layer(id))]
    }

    fn content(&self, id: &CacheId) -> PathBuf {
        self.layer(id).join("diff")
    }

    fn whiteouts(&self) -> WhiteoutForm {
        WhiteoutForm::Overlay
    }

    fn root(&self, id: &CacheId, below: &[CacheId]) -> Result<Box<dyn Mechanism>> {
        if below.is_empty() {
            // Nothing to unite: overlayfs wants a lower layer, and a lone directory will do.
            return Ok(Box::new(ch02_rootfs::mechanisms::GivenRoot::may_be_empty(&self.content(id))?));
        }
        Ok(Box::new(OverlayRoot::new(self.directory.clone(), id.clone(), lower(below))))
    }

    fn changes(&self, id: &CacheId, below: &[CacheId]) -> Result<Vec<Change>> {
        let (own, below) = (self.content(id), below.iter().map(|id| self.content(id)).collect::<Vec<_>>());
        as_owner(|| changes(&own, Form::Difference, &below))
    }

    fn ids(&self) -> Result<Vec<CacheId>> {
        let entries =
            fs::read_dir(&self.directory).with_context(|| format!("cannot read {}", self.directory.display()))?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.filter(|name| ch01_namespaces::is_id(name)).collect())
    }
}

/// The layers below by their short names, as mount options call them.
fn lower(below: &[CacheId]) -> Vec<String> {
    below.iter().map(|id| format!("l/{}", short_name(id))).collect()
}

/// 26 letters and digits from a random id, so that who knows the id knows the link: nothing has to
/// be read to undo it.
fn short_name(id: &CacheId) -> String {
    id[..26].to_uppercase()
}

/// The root directory of a union is that of its topmost layer.
pub(super) fn copy_owner_and_mode(from: &Path, to: &Path) -> Result<()> {
    let meta = fs::metadata(from).with_context(|| format!("cannot look at {}", from.display()))?;
    if Privilege::current().is_root() {
        std::os::unix::fs::chown(to, Some(meta.uid()), Some(meta.gid()))
            .with_context(|| format!("cannot give away {}", to.display()))?;
    }
    fs::set_permissions(to, meta.permissions()).with_context(|| format!("cannot set the mode of {}", to.display()))
}

pub(super) fn make_directory(path: &Path, mode: u32) -> Result<()> {
    match DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made.with_context(|| format!("cannot make {}", path.display())),
    }
}
