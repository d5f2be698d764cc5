//! Images whose manifest or configuration can't be read: of these only the index knows.

use anyhow::{Result, bail};
use ch04_unionfs::digest::Digest;

use super::{Descriptor, ImageStore, Manifest, Removed};
use crate::Reference;
use crate::config::ImageConfig;

impl ImageStore {
    /// What an entry of the index stands for.
    pub(super) fn read(&self, entry: &Descriptor) -> Result<(Manifest, ImageConfig)> {
        let manifest: Manifest = serde_json::from_slice(&self.read_json_blob(&entry.digest)?)?;
        let config = ImageConfig::parse(&self.read_json_blob(&manifest.config.digest)?)?;
        Ok((manifest, config))
    }

    /// Removes a damaged image, if that is what the name means: by a name that, and the image with the
    /// last one; by the digest of its manifest or configuration the image.
    pub(super) fn remove_damaged(&self, name: &str, force: bool) -> Result<Option<Removed>> {
        let reference = name.parse::<Reference>().ok();
        let hex = name.strip_prefix("sha256:").unwrap_or(name);
        let begins = |digest: &Digest| (4..=64).contains(&hex.len()) && digest.hex().starts_with(hex);
        let damaged: Vec<_> = self.index()?.manifests.into_iter().filter(|entry| self.read(entry).is_err()).collect();
        let by_name = damaged.iter().find(|entry| reference.is_some() && entry.name() == reference);
        let by_id = |entry: &&Descriptor| begins(&entry.digest) || self.config_of(entry).is_ok_and(|id| begins(&id));
        let Some(digest) = by_name.or_else(|| damaged.iter().find(by_id)).map(|entry| entry.digest) else {
            return Ok(None);
        };
        if by_name.is_none() && damaged.iter().filter(by_id).any(|entry| entry.digest != digest) {
            bail!("invalid image id {name}: several damaged images begin with it");
        }
        if !force {
            bail!("the image {name} is damaged\ncure: remove it with rmi --force {name}, and pull or build it again");
        }
        let mut removed = Removed::default();
        let entries = || damaged.iter().filter(|entry| entry.digest == digest);
        let all: Vec<Reference> = entries().filter_map(Descriptor::name).collect();
        removed.untagged = if by_name.is_some() { reference.into_iter().collect() } else { all.clone() };
        let is_last = all.iter().all(|name| removed.untagged.contains(name));
        let _alone = self.lock()?;
        self.change_index(|index| {
            let goes =
                |entry: &Descriptor| is_last || entry.name().is_some_and(|name| removed.untagged.contains(&name));
            index.manifests.retain(|entry| entry.digest != digest || !goes(entry));
            Ok(())
        })?;
        if is_last {
            removed.deleted.push(digest);
            removed.deleted.extend(self.remove_unneeded()?);
        }
        Ok(Some(removed))
    }
}
