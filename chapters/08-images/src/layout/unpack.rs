//! A manifest's layers become layers of chapter 4's store.

use std::fs::File;
use std::io::Read;

use anyhow::{Context, Result, ensure};
use ch01_namespaces::new_id;
use ch04_unionfs::archive::{decompress, import};
use ch04_unionfs::digest::{ChainId, DiffId, Digest, Hasher, chain_id};

use super::{Descriptor, ImageStore, Index, Manifest};
use crate::config::ImageConfig;

/// The name that keeps an image's topmost layer.
pub(super) fn keeper(config: &Digest) -> String {
    format!("image:{}", config.hex())
}

/// Whether a name keeps layers for nobody: an image that isn't there, or one that somebody unpacked
/// who is gone.
pub(super) fn keeps_for_nobody(name: &str, needed: impl Fn(&str) -> bool) -> bool {
    let Some(config) = name.strip_prefix("image:") else { return false };
    match config.split_once(':') {
        Some((config, _)) => Digest::from_hex(config).is_ok(),
        None => Digest::from_hex(config).is_ok() && !needed(config),
    }
}

/// An image whose layers are unpacked, one after the other, the lowest first. Unless it is entered
/// in the index, nothing of them stays.
pub(crate) struct Unpacking<'a> {
    images: &'a ImageStore,
    manifest: &'a Manifest,
    config: &'a ImageConfig,
    /// What keeps the layers meanwhile: a name that no other command knows.
    keeper: String,
    done: usize,
    top: Option<ChainId>,
    is_kept: bool,
}

impl ImageStore {
    /// Unpacks all layers of an image that aren't there yet.
    pub(super) fn unpack<'a>(&'a self, manifest: &'a Manifest, config: &'a ImageConfig) -> Result<Unpacking<'a>> {
        let mut unpacking = self.begin_unpacking(manifest, config)?;
        while let Some(blob) = unpacking.next_layer() {
            unpacking.next(|| Ok(File::open(self.blob(&blob.digest))?))?;
        }
        Ok(unpacking)
    }

    /// Nothing is unpacked yet.
    pub(crate) fn begin_unpacking<'a>(
        &'a self,
        manifest: &'a Manifest,
        config: &'a ImageConfig,
    ) -> Result<Unpacking<'a>> {
        ensure!(
            manifest.layers.len() == config.diff_ids.len(),
            "the image is damaged: its manifest has {} layers, and its configuration {}",
            manifest.layers.len(),
            config.diff_ids.len()
        );
        let kept = self.layers.names()?.get(&keeper(&manifest.config.digest)).copied();
        let top = config.top();
        // The same image again: its layers are never without the name that keeps them.
        let are_known = manifest.layers.iter().all(|layer| self.index_names(&layer.digest));
        let is_here =
            are_known && kept.is_some() && kept == top && top.is_some_and(|top| self.layers.stack(&top).is_ok());
        let done = if is_here { manifest.layers.len() } else { 0 };
        let keeper = format!("{}:{}", keeper(&manifest.config.digest), new_id()?);
        Ok(Unpacking { images: self, manifest, config, keeper, done, top: None, is_kept: false })
    }
}

impl<'a> Unpacking<'a> {
    /// The layer that comes next.
    pub(crate) fn next_layer(&self) -> Option<&'a Descriptor> {
        self.manifest.layers.get(self.done)
    }

    /// How many layers are unpacked.
    pub(crate) fn done(&self) -> usize {
        self.done
    }

    // ANCHOR: unpack
    /// Unpacks the next layer, unless the store already has it. The uncompressed archive must have the
    /// digest from the configuration's list. (The manifest only lists digests of compressed blobs.)
    pub(crate) fn next<R: Read>(&mut self, open: impl FnOnce() -> Result<R>) -> Result<()> {
        let (blob, diff) = (self.manifest.layers[self.done].digest, self.config.diff_ids[self.done]);
        let layers = &self.images.layers;
        let chain = chain_id(self.top.as_ref(), &diff);
        self.is_kept = true;
        let is_there = layers.layer(&chain)?.is_some() && layers.name_layer(&self.keeper, chain).is_ok();
        if is_there && !self.images.index_names(&blob) {
            // The layer isn't unpacked again, but the blob is part of the image and must be right.
            let found = diff_of(open()?).with_context(|| format!("cannot read the layer {blob}"))?;
            must_be(&blob, &found, &diff)?;
        } else if !is_there {
            let imported = import(layers, self.top, Some(&self.keeper), open)
                .with_context(|| format!("cannot unpack the layer {blob}"))?;
            must_be(&blob, &imported.diff, &diff)?;
        }
        (self.done, self.top) = (self.done + 1, Some(chain));
        Ok(())
    }
    // ANCHOR_END: unpack

    // ANCHOR: enter
    /// Enters the image in the index, with its layers as they were unpacked.
    pub(super) fn enter<T>(&mut self, change: impl FnOnce(&mut Index) -> Result<T>) -> Result<T> {
        ensure!(self.done == self.manifest.layers.len(), "internal error: not all layers are unpacked");
        let keeper = keeper(&self.manifest.config.digest);
        let _alone = self.images.lock()?;
        if self.is_kept {
            self.images.layers.rename_layer(&self.keeper, &keeper)?;
            self.is_kept = false;
        }
        let kept = self.images.layers.names()?.get(&keeper).copied();
        ensure!(kept == self.config.top(), "the image's layers were removed by another command\ncure: try it again");
        self.images.change_index(change)
    }
    // ANCHOR_END: enter
}

impl Drop for Unpacking<'_> {
    fn drop(&mut self) {
        if self.is_kept {
            let _ = self.images.layers.remove(&self.keeper);
        }
    }
}

fn must_be(blob: &Digest, found: &DiffId, diff: &DiffId) -> Result<()> {
    ensure!(found == diff, "the image is damaged: layer {blob} unpacks to {found}, and the configuration says {diff}");
    Ok(())
}

/// The digest of what is in a layer's blob.
pub(crate) fn diff_of(blob: impl Read) -> Result<DiffId> {
    let mut content = decompress(blob)?;
    let (mut hasher, mut buffer) = (Hasher::default(), vec![0; 1 << 16]);
    loop {
        match content.read(&mut buffer)? {
            0 => return Ok(hasher.digest()),
            length => hasher.update(&buffer[..length]),
        }
    }
}
