//! The layer store: which layers there are, what stands on what, and what is in use.
//!
//! Docker's layout, below the data root (`DRIVER` is the storage driver, which keeps the files themselves in a directory of
//! its own):
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

use anyhow::{Context, Result, bail};
use ch01_namespaces::{Store, StoreFlags, open_private};

pub use containers::{ContainerRecord, NewContainerLayer};
pub use layers::Layer;
pub use names::check_name;
pub use new_layer::NewLayer;

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
    /// Opens the store that belongs to a state root; begins it if there is none. What earlier commands left half-made when
    /// they were killed is removed.
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
        self.data_root.join("image").join(self.driver.name().to_string())
    }

    fn layerdb(&self) -> PathBuf {
        self.image().join("layerdb")
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
    let data_root = open_private(flags.data_root(), MARK).context("cannot open the data root")?;
    bind(&data_root, containers)?;
    Ok(data_root)
}

/// Binds the data root to the state root: with another one, the sweeper would take the containers that live there for gone,
/// and remove their layers.
fn bind(data_root: &Path, containers: &Store) -> Result<()> {
    let file = data_root.join("state-root");
    let us = containers.root();
    let bound = match fs::read_to_string(&file) {
        Ok(text) => PathBuf::from(text.trim_end()),
        Err(_) => PathBuf::new(),
    };
    if bound == us {
        return Ok(());
    }
    // Gone at boot, or never used: nobody's containers are there.
    let lives_elsewhere = bound.is_dir() && Store::open(&bound)?.states()?.iter().any(|state| state.is_alive());
    if lives_elsewhere {
        bail!(
            "the layers in {} are in use by containers in {}, and our state root is {}\n\
             cure: end those containers first; or keep both together: --root DIR keeps layers in DIR/data",
            data_root.display(),
            bound.display(),
            us.display()
        );
    }
    write_atomically(&file, us.to_string_lossy().as_bytes())
}

/// Writes a file beside its place and renames it: a reader, or a crash, meets the old one or the new one.
fn write_atomically(file: &Path, content: &[u8]) -> Result<()> {
    let new = file.with_extension(format!("new-{}", std::process::id()));
    fs::write(&new, content)
        .and_then(|()| fs::rename(&new, file))
        .inspect_err(|_| drop(fs::remove_file(&new)))
        .with_context(|| format!("cannot write {}", file.display()))
}
