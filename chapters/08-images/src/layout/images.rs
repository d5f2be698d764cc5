//! What can be done with images: add, find, tag.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use ch01_namespaces::Failure;
use ch04_unionfs::digest::{ChainId, Digest};

use super::steps::STEP;
use super::unpack::Unpacking;
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
    /// The manifest that each name stands for. An image may have several, of layers that are
    /// compressed in different ways.
    pub digests: Vec<Digest>,
}

impl Found {
    /// With at most one name.
    pub(crate) fn new(
        descriptor: Descriptor,
        manifest: Manifest,
        config: ImageConfig,
        name: Option<Reference>,
    ) -> Found {
        let digests = name.iter().map(|_| descriptor.digest).collect();
        Found { descriptor, manifest, config, names: name.into_iter().collect(), digests }
    }

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
        self.config.top()
    }
}

impl ImageStore {
    /// Adds an image whose blobs are there already: unpacks its layers, and enters it in the index.
    pub fn add(&self, manifest: Descriptor, name: Option<&Reference>) -> Result<Found> {
        let read: Manifest = serde_json::from_slice(&self.read_json_blob(&manifest.digest)?)
            .context("the image is damaged: its manifest can't be read")?;
        let config = ImageConfig::parse(&self.read_json_blob(&read.config.digest)?)?;
        config.check_platform()?;
        let arrived = manifest.clone().arrived(self.arrival);
        self.unpack(&read, &config)?.enter(|index| {
            enter(index, &arrived, name);
            Ok(())
        })?;
        Ok(Found::new(manifest, read, config, name.cloned()))
    }

    /// Adds an image whose layers are unpacked already.
    pub(crate) fn add_unpacked(
        &self,
        unpacking: &mut Unpacking<'_>,
        manifest: &Descriptor,
        name: Option<&Reference>,
    ) -> Result<()> {
        let arrived = manifest.clone().arrived(self.arrival);
        unpacking.enter(|index| {
            enter(index, &arrived, name);
            Ok(())
        })
    }

    /// Makes a manifest of a configuration and layers, and adds the image.
    pub fn add_made(&self, config: &[u8], layers: Vec<Descriptor>, name: Option<&Reference>) -> Result<Found> {
        let manifest = Manifest::new(self.put_bytes(config)?, layers);
        let blob: Copied = self.put_bytes(&serde_json::to_vec(&manifest)?)?;
        self.add(Descriptor::new(media_type::MANIFEST, blob), name)
    }

    /// All images, newest first.
    pub fn all(&self) -> Result<Vec<Found>> {
        Ok(united(self.entries()?))
    }

    /// What the index says: an image for each of its names.
    fn entries(&self) -> Result<Vec<Found>> {
        let mut entries: Vec<Found> = Vec::new();
        for descriptor in self.index()?.manifests {
            let name = descriptor.name();
            if descriptor.annotations.contains_key(STEP) {
                continue;
            }
            if let Some(known) = entries.iter().find(|known| known.descriptor.digest == descriptor.digest) {
                entries.push(Found::new(descriptor, known.manifest.clone(), known.config.clone(), name));
                continue;
            }
            // One damaged image hides no other.
            match self.read(&descriptor) {
                Ok((manifest, config)) => entries.push(Found::new(descriptor, manifest, config, name)),
                Err(error) => {
                    ch01_namespaces::report(&error.context(format!("image {} is skipped", descriptor.digest)));
                }
            }
        }
        Ok(entries)
    }

    // ANCHOR: find
    /// An image by its name, its id or the beginning of one.
    pub fn find(&self, name: &str) -> Result<Found> {
        let entries = self.entries()?;
        let all = united(entries.clone());
        if let Ok(reference) = name.parse::<Reference>() {
            let is_it = |image: &&Found| match reference.digest {
                Some(digest) => image.descriptor.digest == digest || image.id() == digest,
                None => image.names.contains(&reference),
            };
            if let Some(entry) = entries.into_iter().find(|entry| is_it(&entry)) {
                // By the manifest that this name stands for, with all names that the image has.
                let whole = all.into_iter().find(|image| image.id() == entry.id()).unwrap_or(entry.clone());
                return Ok(Found { names: whole.names, digests: whole.digests, ..entry });
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
                Err(Failure::new(1, format!("No such image: {shown}")).into())
            }
        }
    }
    // ANCHOR_END: find

    /// Gives an image another name; another image may lose it.
    pub fn tag(&self, image: &Found, name: &Reference) -> Result<()> {
        let _alone = self.lock()?;
        self.change_index(|index| {
            enter(index, &image.descriptor.clone().arrived(None), Some(name));
            Ok(())
        })
    }

    /// Whether an image of the index has this layer: then it was checked when that came.
    pub(super) fn index_names(&self, layer: &Digest) -> bool {
        let manifests = self.index().map(|index| index.manifests).unwrap_or_default();
        manifests.iter().any(|entry| {
            let bytes = self.read_json_blob(&entry.digest).unwrap_or_default();
            let manifest = serde_json::from_slice::<Manifest>(&bytes);
            manifest.is_ok_and(|manifest| manifest.layers.iter().any(|known| known.digest == *layer))
        })
    }

    /// Whether an entry of the index is an image with this id.
    pub(super) fn is_of(&self, entry: &Descriptor, id: &Digest) -> bool {
        self.config_of(entry).is_ok_and(|found| found == *id)
    }

    /// The id and the labels of the image that an entry of the index stands for.
    pub fn id_and_labels(&self, entry: &Descriptor) -> Option<(String, BTreeMap<String, String>)> {
        let (manifest, config) = self.read(entry).ok()?;
        Some((manifest.config.digest.to_string(), config.container().labels))
    }

    pub(super) fn config_of(&self, manifest: &Descriptor) -> Result<Digest> {
        let manifest: Manifest = serde_json::from_slice(&self.read_json_blob(&manifest.digest)?)?;
        Ok(manifest.config.digest)
    }
}

/// Entries that have one id are one image, as in Docker: what is unpacked is the same, however it
/// was compressed.
fn united(entries: Vec<Found>) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    for entry in entries {
        match all.iter_mut().find(|known| known.id() == entry.id()) {
            Some(known) => {
                known.names.extend(entry.names);
                known.digests.extend(entry.digests);
            }
            None => all.push(entry),
        }
    }
    all.sort_by(|a, b| b.config.created.cmp(&a.config.created));
    all
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
