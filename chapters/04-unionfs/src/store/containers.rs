//! Containers' own layers.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, ensure};
use ch01_namespaces::{Mechanism, Undo, is_id, new_id};

use super::{LayerStore, bind};
use crate::digest::{ChainId, Digest};
use crate::driver::{CacheId, Name};

/// What the store knows of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerRecord {
    /// The driver's name for its layer.
    pub mount_id: CacheId,
    /// The image's topmost layer.
    pub image: ChainId,
}

/// A container's layer that is about to be made.
pub struct NewContainerLayer {
    container: String,
    record: ContainerRecord,
    below: Vec<CacheId>,
    /// How all of it goes away again. To be written down before it is made.
    pub undo: Vec<Undo>,
    _image_stays: File,
}

impl LayerStore {
    pub fn container_directory(&self, container: &str) -> PathBuf {
        self.layerdb().join("mounts").join(container)
    }

    /// Decides on a container's layer, without making anything.
    pub fn plan_container(&self, container: &str, image: ChainId) -> Result<NewContainerLayer> {
        let _image_stays = self.lock_shared()?;
        bind::check(&self.data_root, &self.containers)?;
        let below = self.cache_ids(&image)?;
        let mount_id = new_id()?;
        let mut undo = vec![Undo::RemoveTree(self.container_directory(container))];
        undo.extend(self.driver.undo(&mount_id));
        let record = ContainerRecord { mount_id, image };
        Ok(NewContainerLayer { container: container.into(), record, below, undo, _image_stays })
    }

    /// Makes it, and gives the mechanism that unites it with the image.
    pub fn make_container(&self, new: &NewContainerLayer) -> Result<Box<dyn Mechanism>> {
        let directory = self.container_directory(&new.container);
        fs::create_dir(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
        // The image first: from then on it is in use.
        fs::write(directory.join("parent"), new.record.image.to_string())
            .and_then(|()| fs::write(directory.join("mount-id"), &new.record.mount_id))
            .with_context(|| format!("cannot write in {}", directory.display()))?;
        self.driver.create(&new.record.mount_id, &new.below)?;
        self.driver.root(&new.record.mount_id, &new.below)
    }

    /// The root of a container whose layer is there already: a later life of a record (chapter 6).
    pub fn container_root(&self, container: &str) -> Result<Box<dyn Mechanism>> {
        let record = self.container(container)?;
        let below = self.cache_ids(&record.image)?;
        self.driver.root(&record.mount_id, &below)
    }

    /// Removes a container's layer, with what was written to it.
    pub fn remove_container(&self, container: &str) -> Result<()> {
        if let Ok(record) = self.container(container) {
            self.driver.undo(&record.mount_id).iter().try_for_each(|undo| undo.run())?;
        }
        ch01_namespaces::remove_tree(&self.container_directory(container))
    }

    /// What is known of a container by its id.
    pub fn container(&self, container: &str) -> Result<ContainerRecord> {
        ensure!(is_id(container), "{container:?} is not a container's id");
        let directory = self.container_directory(container);
        let read = |name: &str| match fs::read_to_string(directory.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Err(self.no_layer_of(container)),
            text => {
                Ok(text.with_context(|| format!("cannot read {name} in {}", directory.display()))?.trim().to_string())
            }
        };
        let (image, mount_id) = (read("parent")?, read("mount-id")?);
        ensure!(is_id(&mount_id), "{} is damaged", directory.display());
        Ok(ContainerRecord { mount_id, image: image.parse::<Digest>().map_err(|error| anyhow!(error))? })
    }

    fn no_layer_of(&self, container: &str) -> anyhow::Error {
        let short = &container[..12];
        let has = |driver: &Name| self.layerdb_of(*driver).join("mounts").join(container).is_dir();
        match Name::ALL.into_iter().find(has) {
            Some(other) if other != self.driver.name() => {
                anyhow!("container {short} belongs to the storage driver {other}\ncure: --storage-driver {other}")
            }
            _ => anyhow!("container {short} has no layer in this store\ncause: it has a root of its own (--rootfs)"),
        }
    }

    /// The image that a container stands on; `None` before that was written down, when nothing else was
    /// made either.
    pub(super) fn image_of(&self, container: &str) -> Result<Option<ChainId>> {
        let file = self.container_directory(container).join("parent");
        match fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            text => {
                let text = text.with_context(|| format!("cannot read {}", file.display()))?;
                // A torn write: made a moment before its maker was killed.
                Ok(text.trim().parse().ok())
            }
        }
    }

    /// The ids of all containers that have a layer.
    pub fn container_ids(&self) -> Result<Vec<String>> {
        let directory = self.layerdb().join("mounts");
        let entries = fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.filter(|name| is_id(name)).collect())
    }
}
