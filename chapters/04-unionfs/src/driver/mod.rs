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
/// A storage driver. The [layer store](crate::LayerStore) knows the parents of layers. A driver
/// knows how to store a layer, and how to show a stack of layers as one directory.
///
/// `below` always lists layers from the top, in the order of overlayfs.
pub trait StorageDriver: Send + Sync {
    /// The driver's name.
    fn name(&self) -> Name;

    /// Makes the directories of a new layer on top of other layers.
    fn create(&self, id: &CacheId, below: &[CacheId]) -> Result<()>;

    /// The undo records for [`create`](Self::create), which are written before it runs.
    fn undo(&self, id: &CacheId) -> Vec<Undo>;

    /// The directory with a layer's files.
    fn content(&self, id: &CacheId) -> PathBuf;

    /// How a layer stores deleted files.
    fn whiteouts(&self) -> WhiteoutForm;

    /// The root file system made of a layer and all layers below it. Writes go into the layer.
    fn root(&self, id: &CacheId, below: &[CacheId]) -> Result<Box<dyn Mechanism>>;

    /// A layer's changes, compared with the layers below it, sorted by path.
    fn changes(&self, id: &CacheId, below: &[CacheId]) -> Result<Vec<Change>>;

    /// The layers that the driver has on disk, complete or incomplete.
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
