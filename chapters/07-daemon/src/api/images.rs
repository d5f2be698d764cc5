//! What an image is. Until chapter 8, a name of chapter 4's for a stack of layers.

use anyhow::{Context, Result};
use ch04_unionfs::digest::ChainId;
use ch06_containers::engine::Local;
use ch06_containers::record::Config;

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
}
