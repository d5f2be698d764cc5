//! What can be done with images: add, find, tag, remove.

use std::collections::BTreeSet;
use std::fs::{self, File};

use anyhow::{Context, Result, bail};
use ch04_unionfs::digest::{ChainId, Digest};

use super::steps::STEP;
use super::unpack::keeper;
use super::{Copied, Descriptor, ImageStore, Index, Manifest, media_type};
use crate::Reference;
use crate::config::ImageConfig;

/// An image of this store.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its manifest's descriptor.
    pub descriptor: Descriptor,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its configuration, and the bytes that it was read from.
    pub config: ImageConfig,
    /// What it is called.
    pub names: Vec<Reference>,
}

impl Found {
    /// Its id: the digest of its configuration.
    pub fn id(&self) -> Digest {
        self.manifest.config.digest
    }

    /// How many bytes its layers have, as they are stored.
    pub fn size(&self) -> u64 {
        self.manifest.layers.iter().fold(0, |sum, layer| sum.saturating_add(layer.size))
    }

    /// Its topmost layer.
    pub fn layer(&self) -> Option<ChainId> {
        self.config.diff_ids.iter().fold(None, |top, diff| Some(ch04_unionfs::digest::chain_id(top.as_ref(), diff)))
    }
}

/// What a removal did.
#[derive(Debug, Default)]
pub struct Removed {
    /// Names that are gone.
    pub untagged: Vec<Reference>,
    /// Images and layers that are gone.
    pub deleted: Vec<Digest>,
}

impl ImageStore {
    /// Adds an image whose blobs are there already: unpacks its layers, and enters it in the index.
    pub fn add(&self, manifest: Descriptor, name: Option<&Reference>) -> Result<Found> {
        let read: Manifest = serde_json::from_slice(&self.read_json_blob(&manifest.digest)?)
            .context("the image is damaged: its manifest can't be read")?;
        let config = ImageConfig::parse(&self.read_json_blob(&read.config.digest)?)?;
        config.check_platform()?;
        self.unpack(&read, &config)?;
        let _alone = self.lock()?;
        self.change_index(|index| {
            enter(index, &manifest, name);
            Ok(())
        })?;
        let names = name.cloned().into_iter().collect();
        Ok(Found { descriptor: manifest, manifest: read, config, names })
    }

    /// Makes a manifest of a configuration and layers, and adds the image.
    pub fn add_made(&self, config: &[u8], layers: Vec<Descriptor>, name: Option<&Reference>) -> Result<Found> {
        let config = Descriptor::new(media_type::CONFIG, self.put_bytes(config)?);
        let manifest = Manifest { schema_version: 2, media_type: media_type::MANIFEST.into(), config, layers };
        let blob: Copied = self.put_bytes(&serde_json::to_vec(&manifest)?)?;
        self.add(Descriptor::new(media_type::MANIFEST, blob), name)
    }

    /// All images, newest first.
    pub fn all(&self) -> Result<Vec<Found>> {
        let mut all: Vec<Found> = Vec::new();
        for descriptor in self.index()?.manifests {
            let name = descriptor.name();
            if descriptor.annotations.contains_key(STEP) {
                continue;
            }
            if let Some(known) = all.iter_mut().find(|known| known.descriptor.digest == descriptor.digest) {
                known.names.extend(name);
                continue;
            }
            let read = self.read_json_blob(&descriptor.digest).and_then(|bytes| {
                let manifest: Manifest = serde_json::from_slice(&bytes)?;
                let config = ImageConfig::parse(&self.read_json_blob(&manifest.config.digest)?)?;
                Ok((manifest, config))
            });
            // One damaged image hides no other.
            match read {
                Ok((manifest, config)) => {
                    all.push(Found { descriptor, manifest, config, names: name.into_iter().collect() });
                }
                Err(error) => {
                    ch01_namespaces::report(&error.context(format!("image {} is left out", descriptor.digest)));
                }
            }
        }
        all.sort_by(|a, b| b.config.created.cmp(&a.config.created));
        Ok(all)
    }

    // ANCHOR: find
    /// An image by its name, its id or the beginning of one.
    pub fn find(&self, name: &str) -> Result<Found> {
        let all = self.all()?;
        if let Ok(reference) = name.parse::<Reference>() {
            let is_it = |image: &&Found| match reference.digest {
                Some(digest) => image.descriptor.digest == digest || image.id() == digest,
                None => image.names.contains(&reference),
            };
            if let Some(image) = all.iter().find(is_it) {
                return Ok(image.clone());
            }
        }
        let hex = name.strip_prefix("sha256:").unwrap_or(name);
        let is_id = hex.len() >= 4 && hex.len() <= 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        let begins = |image: &&Found| is_id && image.id().hex().starts_with(hex);
        let mut found = all.iter().filter(begins);
        match (found.next(), found.next()) {
            (Some(image), None) => Ok(image.clone()),
            (Some(_), Some(_)) => bail!("invalid image id {name}: several images begin with it"),
            (None, _) => {
                let shown = name.parse::<Reference>().map_or(name.into(), |reference| reference.familiar());
                bail!("No such image: {shown}")
            }
        }
    }
    // ANCHOR_END: find

    /// Gives an image another name; another image may lose it.
    pub fn tag(&self, image: &Found, name: &Reference) -> Result<()> {
        let _alone = self.lock()?;
        self.change_index(|index| {
            enter(index, &image.descriptor, Some(name));
            Ok(())
        })
    }

    // ANCHOR: remove
    /// Removes a name, and with the last one the image. By id all names go, with `force` if there are
    /// several. An image that a container stands on stays.
    pub fn remove(&self, name: &str, force: bool, users: &[(String, ChainId)]) -> Result<Removed> {
        let image = self.find(name)?;
        let reference = name.parse::<Reference>().ok().filter(|reference| image.names.contains(reference));
        let gone: Vec<Reference> = match &reference {
            Some(reference) => vec![reference.clone()],
            None if image.names.len() > 1 && !force => bail!(
                "Conflict: unable to delete {} (must be forced) - image is referenced in multiple repositories",
                image.id().short()
            ),
            None => image.names.clone(),
        };
        let is_last = gone.len() == image.names.len();
        let user = users.iter().find(|(_, layer)| image.layer() == Some(*layer));
        if let (true, Some((user, _))) = (is_last, user) {
            bail!(
                "Conflict: unable to remove {name}: container {} is using it\ncure: remove that first: rm {0}",
                &user[..12]
            );
        }
        let _alone = self.lock()?;
        self.change_index(|index| {
            index.manifests.retain(|entry| {
                entry.digest != image.descriptor.digest
                    || !(is_last || entry.name().is_some_and(|name| gone.contains(&name)))
            });
            Ok(())
        })?;
        let mut removed = Removed { untagged: gone, deleted: Vec::new() };
        if is_last {
            removed.deleted.push(image.id());
            let still =
                self.index()?.manifests.iter().any(|entry| self.config_of(entry).is_ok_and(|id| id == image.id()));
            if !still && let Ok(layers) = self.layers.remove(&keeper(&image.id())) {
                removed.deleted.extend(layers.layers);
            }
            self.remove_unneeded_blobs()?;
        }
        Ok(removed)
    }
    // ANCHOR_END: remove

    /// Whether an image of the index has this layer: then it was checked when that came.
    pub(super) fn index_names(&self, layer: &Digest) -> bool {
        let manifests = self.index().map(|index| index.manifests).unwrap_or_default();
        manifests.iter().any(|entry| {
            let bytes = self.read_json_blob(&entry.digest).unwrap_or_default();
            let manifest = serde_json::from_slice::<Manifest>(&bytes);
            manifest.is_ok_and(|manifest| manifest.layers.iter().any(|known| known.digest == *layer))
        })
    }

    pub(super) fn config_of(&self, manifest: &Descriptor) -> Result<Digest> {
        let manifest: Manifest = serde_json::from_slice(&self.read_json_blob(&manifest.digest)?)?;
        Ok(manifest.config.digest)
    }

    /// Blobs that no image names. While somebody brings new ones, none is removed: the next removal
    /// does it.
    pub(crate) fn remove_unneeded_blobs(&self) -> Result<()> {
        let growing = File::options().create(true).append(true).open(self.directory.join("growing"))?;
        if growing.try_lock().is_err() {
            return Ok(());
        }
        let mut needed = BTreeSet::new();
        for entry in self.index()?.manifests {
            needed.insert(entry.digest.hex());
            // A damaged manifest may need any of them.
            let manifest: Manifest = serde_json::from_slice(&self.read_json_blob(&entry.digest)?)?;
            needed.insert(manifest.config.digest.hex());
            needed.extend(manifest.layers.iter().map(|layer| layer.digest.hex()));
        }
        for directory in ["blobs/sha256", "blobs"] {
            for entry in fs::read_dir(self.directory.join(directory))? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if entry.file_type()?.is_file() && !needed.contains(&name) {
                    fs::remove_file(entry.path()).with_context(|| format!("cannot remove the blob {name}"))?;
                }
            }
        }
        Ok(())
    }
}

/// Enters an image under a name. Who had the name before stays, without one.
fn enter(index: &mut Index, manifest: &Descriptor, name: Option<&Reference>) {
    if let Some(name) = name {
        let holder = index.manifests.iter().position(|entry| entry.name().as_ref() == Some(name));
        if let Some(holder) = holder {
            let old = index.manifests.remove(holder);
            if !index.manifests.iter().any(|entry| entry.digest == old.digest && entry.name().is_some())
                && old.digest != manifest.digest
            {
                index.manifests.push(old.named(None));
            }
        }
        // With a name, the entry without one is no longer needed.
        index.manifests.retain(|entry| {
            entry.digest != manifest.digest || entry.name().is_some() || entry.annotations.contains_key(STEP)
        });
    } else if index
        .manifests
        .iter()
        .any(|entry| entry.digest == manifest.digest && !entry.annotations.contains_key(STEP))
    {
        return;
    }
    index.manifests.push(manifest.clone().named(name));
}
