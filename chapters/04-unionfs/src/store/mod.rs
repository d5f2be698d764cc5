//! The layer store: which layers there are, what stands on what, and what is in use.
//!
//! Docker's layout, below the data root (`DRIVER` is the storage driver, which keeps the files
//! themselves in a directory of its own):
//!
//! | path | what it holds |
//! |---|---|
//! | `image/DRIVER/layerdb/sha256/CHAIN/` | a layer: `diff` and `parent` (digests), `cache-id` (the driver's name for it), `size` |
//! | `image/DRIVER/layerdb/mounts/CONTAINER/` | a container's layer: `mount-id` (the driver's name for it), `parent` |
//! | `image/DRIVER/layerdb/tmp/ID` | a layer in the making, locked by its maker |
//! | `image/DRIVER/names.json` | names, and the chain ids that they mean |
//! | `lock` | shared by who uses layers, exclusive for who removes some |
//!
//! What is in use is found by looking, never counted: a counter is wrong after the first crash.

mod bind;
mod containers;
mod layers;
mod lock;
mod names;
mod new_layer;
mod remove;
mod sweep;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use ch01_namespaces::{Store, StoreFlags, open_private};

pub use containers::{ContainerRecord, NewContainerLayer};
pub use layers::Layer;
pub use names::check_name;
pub use new_layer::{FreezeMarker, NewLayer};

use crate::driver::{self, StorageDriver, choose};

/// The file that says what the directory is for.
const MARK: &str = "coracle-data";

/// The store, opened with its driver.
#[derive(Clone)]
pub struct LayerStore {
    data_root: PathBuf,
    driver: Arc<dyn StorageDriver>,
    containers: Store,
}

impl LayerStore {
    /// Opens the store that belongs to a state root; begins it if there is none. What earlier commands
    /// left half-made when they were killed is removed.
    pub fn open(flags: &StoreFlags, asked: Option<driver::Name>) -> Result<LayerStore> {
        let containers = flags.open()?;
        let data_root = open_data_root(flags, &containers)?;
        let choice = match driver::known(&data_root, asked) {
            Some(choice) => choice,
            None => {
                let _nobody_else_tries = lock::exclusive(&data_root)?;
                choose(&data_root, asked)?
            }
        };
        let driver = choice.name.open(&data_root)?.into();
        let store = LayerStore { data_root, driver, containers };
        for directory in ["sha256", "mounts", "tmp"] {
            let path = store.layerdb().join(directory);
            fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        }
        store.sweep()?;
        Ok(store)
    }

    /// The directory of everything.
    pub fn data_root(&self) -> &Path {
        &self.data_root
    }

    /// The driver.
    pub fn driver(&self) -> &dyn StorageDriver {
        &*self.driver
    }

    /// The state root's side: containers' lives.
    pub fn containers(&self) -> &Store {
        &self.containers
    }

    /// Writes a small file of the data root's, whole or not at all.
    pub fn write_file(&self, name: &str, content: &[u8]) -> Result<()> {
        write_atomically(&self.data_root.join(name), content)
    }

    fn image(&self) -> PathBuf {
        self.index_of(self.driver.name())
    }

    fn index_of(&self, driver: driver::Name) -> PathBuf {
        self.data_root.join("image").join(driver.to_string())
    }

    fn layerdb(&self) -> PathBuf {
        self.layerdb_of(self.driver.name())
    }

    fn layerdb_of(&self, driver: driver::Name) -> PathBuf {
        self.index_of(driver).join("layerdb")
    }

    fn lock_shared(&self) -> Result<File> {
        lock::shared(&self.data_root)
    }

    fn lock_exclusive(&self) -> Result<File> {
        lock::exclusive(&self.data_root)
    }
}

/// Opens the data root that belongs to a state root; begins it if there is none.
pub fn open_data_root(flags: &StoreFlags, containers: &Store) -> Result<PathBuf> {
    let data_root = open_private(flags.data_root(), MARK)
        .with_context(|| format!("cannot open the data root {}", flags.data_root().display()))?;
    bind::bind(&data_root, containers)?;
    Ok(data_root)
}

/// Writes a file beside its place and renames it: a reader, or a crash, meets the old one or the
/// new one.
fn write_atomically(file: &Path, content: &[u8]) -> Result<()> {
    let new = file.with_extension(format!("new-{}", std::process::id()));
    fs::write(&new, content)
        .and_then(|()| fs::rename(&new, file))
        .inspect_err(|_| drop(fs::remove_file(&new)))
        .with_context(|| format!("cannot write {}", file.display()))
}
