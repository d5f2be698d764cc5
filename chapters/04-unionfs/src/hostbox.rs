//! `hostbox`: this machine's own programs as a layer, which is always there.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::archive::{Fed, import, write};
use crate::changes::{Form, changes};
use crate::digest::ChainId;
use crate::store::LayerStore;

/// What it is called.
pub const NAME: &str = "hostbox";

/// Which of chapter 2's machine-made roots the layer was made of.
#[derive(Serialize, Deserialize)]
struct MadeOf {
    root: String,
    chain: ChainId,
}

/// The layer; made now if there is none, or the machine's programs have changed.
pub fn layer(store: &LayerStore) -> Result<ChainId> {
    let root = ch02_rootfs::hostbox::cached().context("cannot make the root file system of this machine's programs")?;
    let file = store.data_root().join("hostbox.json");
    let known = fs::read(&file).ok().and_then(|text| serde_json::from_slice::<MadeOf>(&text).ok());
    let name = root.to_string_lossy().into_owned();
    if let Some(known) = known
        && known.root == name
        && store.names()?.get(NAME) == Some(&known.chain)
        && store.layer(&known.chain)?.is_some()
    {
        return Ok(known.chain);
    }
    let imported = import(store, None, Some(NAME), || archive_of(&root)).context("cannot make the layer hostbox")?;
    let made_of = MadeOf { root: name, chain: imported.chain };
    store.write_file("hostbox.json", &serde_json::to_vec(&made_of)?)?;
    Ok(imported.chain)
}

/// A directory as the archive of a first layer.
fn archive_of(directory: &Path) -> Result<Fed> {
    let directory = directory.to_path_buf();
    Fed::by(move |pipe| {
        let all = changes(&directory, Form::Everything, &[])?;
        write(&directory, &all, pipe)
    })
}
