//! The layers that are there.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use ch01_namespaces::is_id;

use super::LayerStore;
use crate::digest::{ChainId, DiffId, Digest};
use crate::driver::CacheId;

/// A committed layer: it never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The layer with all below it.
    pub chain: ChainId,
    /// What it changes.
    pub diff: DiffId,
    /// The one below.
    pub parent: Option<ChainId>,
    /// The driver's name for it.
    pub cache_id: CacheId,
    /// Bytes in files that it brings.
    pub size: u64,
}

impl LayerStore {
    pub(super) fn layer_directory(&self, chain: &ChainId) -> PathBuf {
        self.layerdb().join("sha256").join(chain.hex())
    }

    /// A layer by its chain id.
    pub fn layer(&self, chain: &ChainId) -> Result<Option<Layer>> {
        let directory = self.layer_directory(chain);
        if !directory.is_dir() {
            return Ok(None);
        }
        read(&directory, *chain).map(Some).with_context(|| format!("the layer {chain} is damaged"))
    }

    /// Whether there is any.
    pub(super) fn has_layers(&self) -> Result<bool> {
        let directory = self.layerdb().join("sha256");
        let mut entries = fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))?;
        Ok(entries.next().is_some())
    }

    /// All layers.
    pub fn layers(&self) -> Result<Vec<Layer>> {
        let directory = self.layerdb().join("sha256");
        let entries = fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))?;
        let chains = entries.filter_map(|entry| Digest::from_hex(entry.ok()?.file_name().to_str()?).ok());
        chains.filter_map(|chain| self.layer(&chain).transpose()).collect()
    }

    /// The driver's names for a layer and all below it, topmost first: what a start needs, and no more.
    pub fn cache_ids(&self, top: &ChainId) -> Result<Vec<CacheId>> {
        let mut ids = Vec::new();
        let mut next = Some(*top);
        while let Some(chain) = next {
            let directory = self.layer_directory(&chain);
            let damaged = || format!("the layer {chain} is damaged, or not there");
            let id = fs::read_to_string(directory.join("cache-id")).with_context(damaged)?;
            ensure!(is_id(id.trim()), "{}: its cache-id is not an id", damaged());
            ids.push(id.trim().to_string());
            ensure!(ids.len() < 1000, "the layers below {top} form a cycle");
            next = match fs::read_to_string(directory.join("parent")) {
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                parent => Some(parent.with_context(damaged)?.trim().parse().map_err(|error: String| anyhow!(error))?),
            };
        }
        Ok(ids)
    }

    /// A layer and all below it, topmost first.
    pub fn stack(&self, top: &ChainId) -> Result<Vec<Layer>> {
        let mut stack: Vec<Layer> = Vec::new();
        let mut next = Some(*top);
        while let Some(chain) = next {
            let layer = self.layer(&chain)?.with_context(|| format!("there is no layer {chain}"))?;
            next = layer.parent;
            // A chain id is a digest of its parent's, so an honest store has no circle.
            ensure!(stack.len() < 1000, "the layers below {top} form a cycle");
            stack.push(layer);
        }
        Ok(stack)
    }
}

fn read(directory: &Path, chain: ChainId) -> Result<Layer> {
    let text = |name: &str| match fs::read_to_string(directory.join(name)) {
        Ok(text) => Ok(Some(text.trim().to_string())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {name}")),
    };
    let needed = |name: &str| text(name)?.with_context(|| format!("{name} is missing"));
    let digest = |text: String| text.parse::<Digest>().map_err(|error| anyhow!(error));
    let cache_id = needed("cache-id")?;
    // It becomes a path.
    ensure!(is_id(&cache_id), "its cache-id is not an id");
    Ok(Layer {
        chain,
        diff: digest(needed("diff")?)?,
        parent: text("parent")?.map(digest).transpose()?,
        cache_id,
        size: needed("size")?.parse().context("its size is not a number")?,
    })
}
