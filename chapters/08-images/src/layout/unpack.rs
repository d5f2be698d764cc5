//! A manifest's layers become layers of chapter 4's store.

use std::fs::File;
use std::io::Read;

use anyhow::{Context, Result, bail, ensure};
use ch04_unionfs::archive::{decompress, import};
use ch04_unionfs::digest::{ChainId, DiffId, Digest, Hasher, chain_id};

use super::{ImageStore, Manifest};
use crate::config::ImageConfig;

/// The name that keeps an image's topmost layer.
pub(super) fn keeper(config: &Digest) -> String {
    format!("image:{}", config.hex())
}

/// The image whose layers a name keeps, if it is such a name.
pub(super) fn image_kept_by(name: &str) -> Option<Digest> {
    Digest::from_hex(name.strip_prefix("image:")?).ok()
}

/// An image whose layers are unpacked, one after the other, the lowest first.
pub(crate) struct Unpacking<'a> {
    images: &'a ImageStore,
    keeper: String,
    layers: Vec<(Digest, DiffId)>,
    done: usize,
    top: Option<ChainId>,
    /// Whether another image with this configuration is here, and keeps its layers by that name.
    was_kept: bool,
}

impl ImageStore {
    /// Unpacks all layers of an image that aren't there yet.
    pub(super) fn unpack(&self, manifest: &Manifest, config: &ImageConfig) -> Result<()> {
        let mut unpacking = self.begin_unpacking(manifest, config)?;
        while unpacking.done < unpacking.layers.len() {
            unpacking.next()?;
        }
        Ok(())
    }

    /// Nothing is unpacked yet.
    pub(crate) fn begin_unpacking(&self, manifest: &Manifest, config: &ImageConfig) -> Result<Unpacking<'_>> {
        ensure!(
            manifest.layers.len() == config.diff_ids.len(),
            "the image is damaged: its manifest has {} layers, and its configuration {}",
            manifest.layers.len(),
            config.diff_ids.len()
        );
        let layers: Vec<_> =
            manifest.layers.iter().map(|layer| layer.digest).zip(config.diff_ids.iter().copied()).collect();
        let keeper = keeper(&manifest.config.digest);
        let top = config.diff_ids.iter().fold(None, |top, diff| Some(chain_id(top.as_ref(), diff)));
        let kept = self.layers.names()?.get(&keeper).copied();
        // The same image again: its layers are never without the name that keeps them.
        let are_known = manifest.layers.iter().all(|layer| self.index_names(&layer.digest));
        let is_here =
            are_known && kept.is_some() && kept == top && top.is_some_and(|top| self.layers.stack(&top).is_ok());
        let done = if is_here { layers.len() } else { 0 };
        Ok(Unpacking { images: self, keeper, layers, done, top: None, was_kept: kept.is_some() })
    }
}

impl Unpacking<'_> {
    /// How many layers are unpacked.
    pub(crate) fn done(&self) -> usize {
        self.done
    }

    // ANCHOR: unpack
    /// Unpacks the next layer, unless the store already has it. The uncompressed archive must have the
    /// digest from the configuration's list. (The manifest only lists digests of compressed blobs.)
    pub(crate) fn next(&mut self) -> Result<()> {
        let (blob, diff) = self.layers[self.done];
        let layers = &self.images.layers;
        let chain = chain_id(self.top.as_ref(), &diff);
        let is_there = layers.layer(&chain)?.is_some() && layers.name_layer(&self.keeper, chain).is_ok();
        if is_there && !self.images.index_names(&blob) {
            // The layer isn't unpacked again, but the blob is part of the image and must be right.
            let found = diff_of(File::open(self.images.blob(&blob))?)
                .with_context(|| format!("cannot read the layer {blob}"))?;
            self.must_be(&blob, &found, &diff)?;
        }
        if !is_there {
            let path = self.images.blob(&blob);
            let imported = import(layers, self.top, Some(&self.keeper), || Ok(File::open(&path)?))
                .with_context(|| format!("cannot unpack the layer {blob}"))?;
            self.must_be(&blob, &imported.diff, &diff)?;
        }
        (self.done, self.top) = (self.done + 1, Some(chain));
        Ok(())
    }
    // ANCHOR_END: unpack

    fn must_be(&self, blob: &Digest, found: &DiffId, diff: &DiffId) -> Result<()> {
        if found != diff {
            self.give_up();
            bail!("the image is damaged: layer {blob} unpacks to {found}, and the configuration says {diff}");
        }
        Ok(())
    }

    /// Keeps nothing of it: the image will not be.
    pub(crate) fn give_up(&self) {
        if !self.was_kept {
            let _ = self.images.layers.remove(&self.keeper);
        }
    }
}

/// The digest of what is in a layer's blob.
pub(crate) fn diff_of(blob: File) -> Result<DiffId> {
    let mut content = decompress(blob)?;
    let (mut hasher, mut buffer) = (Hasher::default(), vec![0; 1 << 16]);
    loop {
        match content.read(&mut buffer)? {
            0 => return Ok(hasher.digest()),
            length => hasher.update(&buffer[..length]),
        }
    }
}
