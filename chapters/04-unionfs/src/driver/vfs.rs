//! vfs: no union at all. Each layer is a full copy of its parent, in which the layer's changes are
//! made.
//!
//! It works everywhere, costs a copy for each container, and is what the other driver is compared
//! with: two ways to the same file system. Docker's layout: `vfs/dir/ID`.

pub(crate) mod copy;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ch01_namespaces::{Mechanism, Undo};
use ch02_rootfs::mechanisms::GivenRoot;

use super::overlay2::{copy_owner_and_mode, make_directory};
use super::{CacheId, Name, StorageDriver};
use crate::archive::WhiteoutForm;
use crate::changes::{Change, Form, changes};
use crate::owner::as_owner;

/// The driver.
#[derive(Debug)]
pub struct Vfs {
    directory: PathBuf,
}

impl Vfs {
    /// Opens its store.
    pub fn open(data_root: &Path) -> Result<Vfs> {
        make_directory(&data_root.join("vfs"), 0o710)?;
        let directory = data_root.join("vfs/dir");
        make_directory(&directory, 0o710)?;
        Ok(Vfs { directory })
    }
}

impl StorageDriver for Vfs {
    fn name(&self) -> Name {
        Name::Vfs
    }

    fn create(&self, id: &CacheId, below: &[CacheId]) -> Result<()> {
        let content = self.content(id);
        make_directory(&content, 0o755)?;
        let Some(parent) = below.first().map(|id| self.content(id)) else { return Ok(()) };
        copy_owner_and_mode(&parent, &content)?;
        as_owner(|| copy::copy(&parent, &content))
            .with_context(|| format!("cannot copy the layer below, {}", parent.display()))
    }

    fn undo(&self, id: &CacheId) -> Vec<Undo> {
        vec![Undo::RemoveTree(self.content(id))]
    }

    fn content(&self, id: &CacheId) -> PathBuf {
        self.directory.join(id)
    }

    fn whiteouts(&self) -> WhiteoutForm {
        WhiteoutForm::Remove
    }

    fn root(&self, id: &CacheId, _: &[CacheId]) -> Result<Box<dyn Mechanism>> {
        Ok(Box::new(GivenRoot::may_be_empty(&self.content(id))?))
    }

    fn changes(&self, id: &CacheId, below: &[CacheId]) -> Result<Vec<Change>> {
        let (own, below) = (self.content(id), below.first().map(|id| self.content(id)));
        as_owner(|| changes(&own, Form::Everything, below.as_slice()))
    }

    fn ids(&self) -> Result<Vec<CacheId>> {
        let entries =
            fs::read_dir(&self.directory).with_context(|| format!("cannot read {}", self.directory.display()))?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.filter(|name| ch01_namespaces::is_id(name)).collect())
    }
}
