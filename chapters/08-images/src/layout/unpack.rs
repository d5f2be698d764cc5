//! A manifest's layers become layers of chapter 4's store.

use std::fs::File;

use anyhow::{Context, Result, ensure};
use ch04_unionfs::archive::import;
use ch04_unionfs::digest::{ChainId, Digest, chain_id};

use super::{ImageStore, Manifest};
use crate::config::ImageConfig;

/// The name that keeps an image's topmost layer.
pub(super) fn keeper(config: &Digest) -> String {
    format!("image:{}", config.hex())
}

impl ImageStore {
    // ANCHOR: unpack
    /// Unpacks those layers that aren't there yet, and keeps them. Each is checked against the
    /// configuration's list of digests of what is *in* the archives: a compressed blob with the right
    /// name could still hold something else.
    pub(super) fn unpack(&self, manifest: &Manifest, config: &ImageConfig) -> Result<Option<ChainId>> {
        ensure!(
            manifest.layers.len() == config.diff_ids.len(),
            "the image is damaged: its manifest has {} layers, and its configuration {}",
            manifest.layers.len(),
            config.diff_ids.len()
        );
        let keeper = keeper(&manifest.config.digest);
        let mut top: Option<ChainId> = None;
        for (layer, diff) in manifest.layers.iter().zip(&config.diff_ids) {
            let chain = chain_id(top.as_ref(), diff);
            let is_there = self.layers.layer(&chain)?.is_some() && self.layers.name_layer(&keeper, chain).is_ok();
            if !is_there {
                let blob = self.blob(&layer.digest);
                let imported = import(&self.layers, top, Some(&keeper), || Ok(File::open(&blob)?))
                    .with_context(|| format!("cannot unpack the layer {}", layer.digest))?;
                if imported.diff != *diff {
                    let _ = self.layers.remove(&keeper);
                    anyhow::bail!(
                        "the image is damaged: layer {} unpacks to {}, and the configuration says {diff}",
                        layer.digest,
                        imported.diff
                    );
                }
            }
            top = Some(chain);
        }
        Ok(top)
    }
    // ANCHOR_END: unpack
}
