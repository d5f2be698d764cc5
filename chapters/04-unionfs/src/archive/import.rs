//! An archive becomes a layer.

use std::io::Read;

use anyhow::{Context, Result};
use ch02_rootfs::import::{Options, SpecialFiles, unpack};
use ch02_rootfs::rooted::Root;
use serde::{Deserialize, Serialize};

use super::decompress::decompress;
use super::hashing::Hashing;
use super::whiteouts::Whiteouts;
use crate::digest::{ChainId, DiffId};
use crate::owner::as_owner;
use crate::store::LayerStore;

/// How much may follow the end of an archive: tar pads to a whole record, others to what they like.
const MOST_PADDING: u64 = 1 << 20;

/// What was imported.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Imported {
    /// The layer with all below it.
    pub chain: ChainId,
    /// The digest of the archive, decompressed.
    pub diff: DiffId,
    /// Files, directories and links.
    pub entries: u64,
    /// Bytes in files.
    pub bytes: u64,
    /// Device nodes that were left out: in a user namespace they can't be made.
    pub left_out: u64,
    /// Entries whose owner is not mapped here: they belong to root inside.
    pub owners_lost: u64,
}

// ANCHOR: import
/// Imports an archive, compressed or not, as a layer on top of its parent. `archive` is called in
/// the process that unpacks. For an ordinary user this is a child in a user namespace, which can
/// change the owners of files.
pub fn import<R: Read>(
    store: &LayerStore,
    parent: Option<ChainId>,
    name: Option<&str>,
    archive: impl FnOnce() -> Result<R>,
) -> Result<Imported> {
    let new = store.begin_layer(parent)?;
    let below = parent.map_or(Ok(Vec::new()), |parent| store.stack(&parent))?;
    let below: Vec<_> = below.iter().map(|layer| store.driver().content(&layer.cache_id)).collect();
    let (content, whiteouts) = (new.content(), store.driver().whiteouts());
    let (diff, entries, bytes, left_out, owners_lost) = as_owner(|| {
        let root = Root::open(&content)?;
        let mut archive = Hashing::new(decompress(archive()?)?);
        let options =
            Options { special_files: SpecialFiles::as_allowed(), replace_directories: true, ..Options::default() };
        let unpacked = unpack(&mut archive, &root, &Whiteouts::new(whiteouts, &content, below)?, &options)?;
        let (diff, _) = archive.finish(MOST_PADDING).context("cannot read the archive to its end")?;
        Ok((diff, unpacked.entries, unpacked.bytes, unpacked.left_out, unpacked.owners_lost))
    })?;
    let chain = new.commit(diff, bytes, name)?;
    Ok(Imported { chain, diff, entries, bytes, left_out, owners_lost })
}
// ANCHOR_END: import
