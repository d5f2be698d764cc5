//! The store of images: an OCI image layout on disk (OCI image-spec, image-layout.md), which other
//! tools can read.
//!
//! | path, below `images/` in the data root | what it holds |
//! |---|---|
//! | `oci-layout` | the version of the layout |
//! | `index.json` | the images' manifests, and what they are called |
//! | `blobs/sha256/DIGEST` | manifests, configurations and layers, each named by its content |
//! | `lock` | held while the index changes |
//!
//! The unpacked side of layers is chapter 4's store: an image keeps its topmost layer there by the
//! name `image:DIGEST`.

mod blobs;
mod check;
mod damaged;
mod growing;
mod images;
mod index;
mod remove;
mod steps;
mod unpack;

use std::fs::{self, File};
use std::path::PathBuf;

use anyhow::{Context, Result};
use ch01_namespaces::{StoreFlags, open_lock};
use ch04_unionfs::LayerStore;

pub use blobs::{Copied, MOST_JSON};
pub use check::Checked;
pub use growing::Growing;
pub use images::Found;
pub use index::{Descriptor, Index, Manifest, media_type};
pub use remove::{Removed, User};
pub(crate) use unpack::{Unpacking, diff_of};

/// The store, with the layers that belong to it.
#[derive(Clone)]
pub struct ImageStore {
    directory: PathBuf,
    layers: LayerStore,
    arrival: Option<&'static str>,
}

impl ImageStore {
    /// Opens it; begins it if there is none.
    pub fn open(flags: &StoreFlags) -> Result<ImageStore> {
        ImageStore::beside(LayerStore::open(flags, None)?)
    }

    /// The one that belongs to a store of layers.
    pub fn beside(layers: LayerStore) -> Result<ImageStore> {
        let directory = layers.data_root().join("images");
        let blobs = directory.join("blobs/sha256");
        fs::create_dir_all(&blobs).with_context(|| format!("cannot make {}", blobs.display()))?;
        let version = directory.join("oci-layout");
        if !version.exists() {
            fs::write(&version, br#"{"imageLayoutVersion":"1.0.0"}"#)
                .with_context(|| format!("cannot write {}", version.display()))?;
        }
        Ok(ImageStore { directory, layers, arrival: None })
    }

    /// The same store for images that come by `how`: pull, load, import. The index notes that.
    pub(crate) fn arriving(&self, how: &'static str) -> ImageStore {
        ImageStore { arrival: Some(how), ..self.clone() }
    }

    /// The file that says which images there are.
    pub fn index_file(&self) -> PathBuf {
        self.directory.join("index.json")
    }

    /// The layers.
    pub fn layers(&self) -> &LayerStore {
        &self.layers
    }

    /// Held while the index changes, or blobs are removed.
    fn lock(&self) -> Result<File> {
        let path = self.directory.join("lock");
        let file = open_lock(&path).with_context(|| format!("cannot open {}", path.display()))?;
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(file)
    }

    /// Held, together with others, by who brings blobs that no image names yet.
    pub fn growing(&self) -> Result<File> {
        let path = self.directory.join("growing");
        let file = open_lock(&path).with_context(|| format!("cannot open {}", path.display()))?;
        file.lock_shared().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(file)
    }
}
