//! What a build's steps left for the next build, and how images that nobody needs go.

use anyhow::{Result, bail};
use ch04_unionfs::digest::Digest;

use super::images::Found;
use super::remove::{Removed, User};
use super::unpack::keeper;
use super::{Copied, Descriptor, ImageStore, Manifest, media_type};
use crate::config::ImageConfig;

/// The annotation with the key of the step that made an image.
pub(super) const STEP: &str = "coracle.build.step";

impl Descriptor {
    /// Whether it is what a build left for the next one.
    pub fn is_step(&self) -> bool {
        self.annotations.contains_key(STEP)
    }
}

impl ImageStore {
    /// Adds a step of a build: hidden from lists, found by its key.
    pub fn add_step(&self, config: &[u8], layers: Vec<Descriptor>, key: Option<&Digest>) -> Result<Found> {
        let manifest = Manifest::new(self.put_bytes(config)?, layers);
        let descriptor = Descriptor::new(media_type::MANIFEST, self.put_bytes(&serde_json::to_vec(&manifest)?)?);
        let config = ImageConfig::parse(&self.read_json_blob(&manifest.config.digest)?)?;
        self.unpack(&manifest, &config)?.enter(|index| {
            let mut entry = descriptor.clone();
            entry.annotations.insert(STEP.into(), key.map(Digest::to_string).unwrap_or_default());
            index.manifests.retain(|known| key.is_none() || known.annotations.get(STEP) != entry.annotations.get(STEP));
            index.manifests.push(entry);
            Ok(())
        })?;
        Ok(Found::new(descriptor, manifest, config, None))
    }

    /// The image that a step made.
    pub fn by_cache_key(&self, key: &Digest) -> Result<Option<Found>> {
        let key = key.to_string();
        let entry = self.index()?.manifests.into_iter().find(|entry| entry.annotations.get(STEP) == Some(&key));
        let Some(mut descriptor) = entry else { return Ok(None) };
        descriptor.annotations.clear();
        // A damaged one is made again.
        let read = self.read(&descriptor).ok();
        Ok(read.map(|(manifest, config)| Found::new(descriptor, manifest, config, None)))
    }

    /// Removes images without a name that no container stands on; with `steps`, what builds left for
    /// the next one.
    pub fn prune(&self, steps: bool, users: &[User]) -> Result<Removed> {
        self.prune_by(steps, users, None)
    }

    /// The same of those that are chosen.
    pub fn prune_chosen(
        &self,
        steps: bool,
        users: &[User],
        is_chosen: impl Fn(&ImageConfig) -> bool,
    ) -> Result<Removed> {
        self.prune_by(steps, users, Some(&is_chosen))
    }

    fn prune_by(
        &self,
        steps: bool,
        users: &[User],
        is_chosen: Option<&dyn Fn(&ImageConfig) -> bool>,
    ) -> Result<Removed> {
        let mut removed = Removed::default();
        let index = self.index()?.manifests;
        let named: Vec<&Descriptor> = index.iter().filter(|entry| entry.name().is_some()).collect();
        let named_ids: Vec<Digest> = named.iter().filter_map(|entry| self.config_of(entry).ok()).collect();
        for entry in index.iter().filter(|entry| entry.name().is_none()) {
            let is_step = entry.annotations.contains_key(STEP);
            if is_step != steps || named.iter().any(|named| named.digest == entry.digest) {
                continue;
            }
            let gone = match self.read(entry) {
                Ok((manifest, _)) if named_ids.contains(&manifest.config.digest) => continue,
                Ok((_, config)) if is_chosen.is_some_and(|is_chosen| !is_chosen(&config)) => continue,
                Ok((manifest, _)) => self.remove_entry(&entry.digest, &manifest.config.digest, users),
                // What a filter would say of it nobody knows.
                Err(_) if is_chosen.is_some() => continue,
                Err(_) => {
                    self.remove_damaged(&entry.digest.to_string(), true).map(|gone| gone.unwrap_or_default().deleted)
                }
            };
            removed.deleted.extend(gone.unwrap_or_default());
        }
        removed.deleted.extend(self.remove_unneeded()?);
        Ok(removed)
    }

    fn remove_entry(&self, manifest: &Digest, id: &Digest, users: &[User]) -> Result<Vec<Digest>> {
        let descriptor = Descriptor::new("", Copied { digest: *manifest, size: 0 });
        let (read, config) = self.read(&descriptor)?;
        let found = Found::new(descriptor, read, config, None);
        if users.iter().any(|user| user.stands_on(&found)) {
            bail!("in use");
        }
        let _alone = self.lock()?;
        self.change_index(|index| {
            index.manifests.retain(|entry| entry.digest != *manifest);
            Ok(())
        })?;
        // Another manifest may stand for the same image.
        if self.index()?.manifests.iter().any(|entry| self.is_of(entry, id)) {
            return Ok(Vec::new());
        }
        let layers = self.layers.remove(&keeper(id)).map(|removed| removed.layers).unwrap_or_default();
        Ok(std::iter::once(*id).chain(layers).collect())
    }
}
