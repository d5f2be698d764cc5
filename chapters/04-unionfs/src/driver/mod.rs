//! How layers become one file system: the storage drivers.

mod choose;
pub mod overlay2;
mod retired;
pub mod vfs;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Result;
use ch01_namespaces::{Mechanism, Undo};
use serde::{Deserialize, Serialize};

use crate::archive::WhiteoutForm;
use crate::changes::Change;

pub use choose::{Candidate, Choice, candidates, choose, known};

/// The drivers that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Name {
    /// The kernel's overlayfs.
    Overlay2,
    /// A full copy for each layer.
    Vfs,
}

/// A directory of a layer in the driver's own store: 64 random digits, Docker's *cache id*.
pub type CacheId = String;

// ANCHOR: trait
/// What a storage driver does. The [layer store](crate::LayerStore) knows which layers stand on
/// which; a driver knows how to keep one and how to unite them.
///
/// Layers below are always given topmost first, as overlayfs wants them.
pub trait StorageDriver: Send + Sync {
    /// Which one it is.
    fn name(&self) -> Name;

    /// Makes the directories of a new layer on top of others.
    fn create(&self, id: &CacheId, below: &[CacheId]) -> Result<()>;

    /// How all that [`create`](Self::create) made goes away again, written down before it is made.
    fn undo(&self, id: &CacheId) -> Vec<Undo>;

    /// Where a layer's files are.
    fn content(&self, id: &CacheId) -> PathBuf;

    /// How "this file is deleted" is kept in a layer.
    fn whiteouts(&self) -> WhiteoutForm;

    /// The root file system that is a layer united with all below it. What is written goes into the
    /// layer.
    fn root(&self, id: &CacheId, below: &[CacheId]) -> Result<Box<dyn Mechanism>>;

    /// What a layer changes in what is below it, sorted by path.
    fn changes(&self, id: &CacheId, below: &[CacheId]) -> Result<Vec<Change>>;

    /// The layers that the driver has on disk, committed or half-made.
    fn ids(&self) -> Result<Vec<CacheId>>;
}
// ANCHOR_END: trait

impl Name {
    /// All, best first.
    pub const ALL: [Name; 2] = [Name::Overlay2, Name::Vfs];

    /// Opens the driver's store below the data root.
    pub fn open(self, data_root: &Path) -> Result<Box<dyn StorageDriver>> {
        Ok(match self {
            Name::Overlay2 => Box::new(overlay2::Overlay2::open(data_root)?),
            Name::Vfs => Box::new(vfs::Vfs::open(data_root)?),
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Name::Overlay2 => "overlay2",
            Name::Vfs => "vfs",
        })
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Name, String> {
        Name::ALL.into_iter().find(|name| name.to_string() == text).ok_or_else(|| match retired::story(text) {
            Some(story) => format!("{text} is not built here: {story}\ncure: use overlay2 or vfs"),
            None => format!("no storage driver is called {text:?}: use overlay2 or vfs"),
        })
    }
}
