//! How images go: names, and what no name needs any more.

use std::collections::BTreeSet;
use std::fs::{self, File};

use anyhow::{Context, Result, bail};
use ch01_namespaces::Failure;
use ch04_unionfs::digest::{ChainId, Digest};

use super::unpack::{keeper, keeps_for_nobody};
use super::{Found, ImageStore, Manifest};
use crate::Reference;

/// A container, and what it stands on.
#[derive(Debug, Clone)]
pub struct User {
    /// Its id.
    pub container: String,
    /// The id of its image, as it was when the container was made.
    pub image: Option<String>,
    /// The topmost layer of that.
    pub layer: Option<ChainId>,
}

impl User {
    /// Whether an image is what it stands on. Several images may have one topmost layer, so only a
    /// container that never had an image is judged by that.
    pub fn stands_on(&self, image: &Found) -> bool {
        match &self.image {
            Some(id) => *id == image.id().to_string(),
            None => self.layer.is_some() && self.layer == image.layer(),
        }
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
    // ANCHOR: remove
    /// Removes a name, and with the last one the image. By id all names go, with `force` if there are
    /// several. An image that a container stands on stays.
    pub fn remove(&self, name: &str, force: bool, users: &[User]) -> Result<Removed> {
        let image = match self.find(name) {
            Ok(image) => image,
            Err(missing) => return self.remove_damaged(name, force)?.ok_or(missing),
        };
        let reference = name.parse::<Reference>().ok().filter(|reference| image.names.contains(reference));
        let gone: Vec<Reference> = match &reference {
            Some(reference) => with_digests(reference, &image.names),
            None if image.names.len() > 1 && !force => bail!(
                "Conflict: unable to delete {} (must be forced) - image is referenced in multiple repositories",
                image.id().short()
            ),
            None => image.names.clone(),
        };
        let is_last = gone.len() == image.names.len();
        let user = users.iter().find(|user| user.stands_on(&image));
        if let (true, Some(user)) = (is_last, user) {
            let told = format!(
                "Conflict: unable to remove {name}: container {} is using it\ncure: remove that first: rm {0}",
                &user.container[..12]
            );
            return Err(Failure::new(1, told).into());
        }
        let _alone = self.lock()?;
        self.change_index(|index| {
            index.manifests.retain(|entry| {
                let goes = is_last || entry.name().is_some_and(|name| gone.contains(&name));
                !(goes && self.is_of(entry, &image.id()))
            });
            Ok(())
        })?;
        let mut removed = Removed { untagged: gone, deleted: Vec::new() };
        if is_last {
            removed.deleted.push(image.id());
            if let Ok(layers) = self.layers.remove(&keeper(&image.id())) {
                removed.deleted.extend(layers.layers);
            }
            removed.deleted.extend(self.remove_unneeded()?);
        }
        Ok(removed)
    }
    // ANCHOR_END: remove

    /// Removes blobs that no image names, and layers that are kept for an image that is not there: a
    /// killed command left these. While somebody brings new ones, none is removed: the next removal
    /// does it.
    pub(crate) fn remove_unneeded(&self) -> Result<Vec<Digest>> {
        let growing = File::options().create(true).append(true).open(self.directory.join("growing"))?;
        if growing.try_lock().is_err() {
            return Ok(Vec::new());
        }
        let mut needed = BTreeSet::new();
        for entry in self.index()?.manifests {
            needed.insert(entry.digest.hex());
            let read = self.read_json_blob(&entry.digest);
            let manifest: Manifest = match read.and_then(|bytes| Ok(serde_json::from_slice(&bytes)?)) {
                Ok(manifest) => manifest,
                // It may need any of them.
                Err(error) => {
                    let told = format!(
                        "no blob is removed as long as the image {0} is damaged\ncure: rmi --force {0}",
                        entry.digest
                    );
                    ch01_namespaces::report(&error.context(told));
                    return Ok(Vec::new());
                }
            };
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
        let mut removed = Vec::new();
        for name in self.layers.names()?.into_keys() {
            let is_left = keeps_for_nobody(&name, |config| needed.contains(config));
            // What a container still stands on stays, until the next removal.
            if is_left && let Ok(gone) = self.layers.remove(&name) {
                removed.extend(gone.layers);
            }
        }
        Ok(removed)
    }
}

/// The names that go with one: where it is the last tag of its repository, also that repository's
/// digests, as in Docker. They would be a row without a tag.
fn with_digests(gone: &Reference, names: &[Reference]) -> Vec<Reference> {
    let others = || names.iter().filter(|name| *name != gone && name.repository() == gone.repository());
    let is_last_tag = gone.tag.is_some() && others().all(|name| name.tag.is_none());
    std::iter::once(gone).chain(others().filter(|_| is_last_tag)).cloned().collect()
}
