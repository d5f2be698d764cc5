//! What an image is. Until chapter 8, a name of chapter 4's for a stack of layers.

use anyhow::{Context, Result};
use ch04_unionfs::digest::ChainId;
use ch06_containers::engine::Local;
use ch06_containers::record::Config;
use serde_json::Value;

/// What a container is made of.
#[derive(Debug, Clone, Default)]
pub struct Image {
    /// Its topmost layer.
    pub layer: Option<ChainId>,
    /// Its own id, `sha256:…`.
    pub id: Option<String>,
    /// What it says about containers made of it.
    pub config: Config,
}

/// Where images come from.
pub trait Images: Send + Sync {
    /// The image of a name; an error with "No such image" in it makes the client pull it.
    fn find(&self, engine: &Local, name: &str) -> Result<Image>;

    /// How many there are.
    fn count(&self, engine: &Local) -> usize;

    /// For `docker system df`.
    fn disk_usage(&self, engine: &Local) -> Result<DiskUsage>;
}

/// What images take of the disk.
#[derive(Debug, Clone, Default)]
pub struct DiskUsage {
    /// Bytes of all layers; one that several images share counts once.
    pub layers_size: u64,
    /// A row for each image, as the API has them, with `SharedSize`.
    pub rows: Vec<Value>,
}

/// Chapter 4's layers.
#[derive(Debug, Clone, Copy, Default)]
pub struct LayersAsImages;

impl Images for LayersAsImages {
    fn find(&self, engine: &Local, name: &str) -> Result<Image> {
        let bare = name.strip_suffix(":latest").unwrap_or(name);
        let layers = engine.layers()?;
        let layer = layers.resolve(name).or_else(|_| layers.resolve(bare));
        let layer = layer.with_context(|| format!("No such image: {name}"))?;
        Ok(Image { layer: Some(layer), ..Image::default() })
    }

    fn count(&self, engine: &Local) -> usize {
        engine.layers().and_then(|layers| layers.names()).map_or(0, |names| names.len())
    }

    fn disk_usage(&self, engine: &Local) -> Result<DiskUsage> {
        let layers_size = engine.layers()?.layers()?.iter().map(|layer| layer.size).sum();
        Ok(DiskUsage { layers_size, rows: Vec::new() })
    }
}
