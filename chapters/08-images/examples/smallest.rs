//! The whole idea in one file: an image is a list of digests. Follows them from an OCI image layout
//! to a root file system, and believes no file whose name isn't the digest of its content.
//!
//! `coracle save hostbox | tar -x -C LAYOUT`, then
//! `cargo run -p ch08-images --example smallest-image -- LAYOUT ROOT`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ch04_unionfs::digest::Digest;
use serde_json::Value;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1).map(PathBuf::from);
    let (layout, root) = args.next().zip(args.next()).context("usage: smallest-image LAYOUT ROOT")?;
    let config = unpack(&layout, &root)?;
    println!("{} runs in {}", config["config"]["Cmd"], root.display());
    Ok(())
}

// ANCHOR: smallest
/// Reads a blob. Its name is a digest, and its content must have this digest.
fn blob(layout: &Path, descriptor: &Value) -> Result<Vec<u8>> {
    let digest = descriptor["digest"].as_str().context("a descriptor without a digest")?;
    let hex = digest.strip_prefix("sha256:").context("not sha256")?;
    ensure!(hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hex:?} would be a path");
    let content = fs::read(layout.join("blobs/sha256").join(hex)).context(digest.to_string())?;
    ensure!(Digest::compute(&content).to_string() == digest, "{digest} is damaged");
    Ok(content)
}

/// Follows the digests from the index to the manifest, and to the configuration and the layers.
fn unpack(layout: &Path, root: &Path) -> Result<Value> {
    let index: Value = serde_json::from_slice(&fs::read(layout.join("index.json")).context("index.json")?)?;
    let manifest: Value = serde_json::from_slice(&blob(layout, &index["manifests"][0])?)?;
    let config = serde_json::from_slice(&blob(layout, &manifest["config"])?)?;
    fs::create_dir_all(root).context("cannot make the root")?;
    // Begin with the lowest layer. Each layer adds, replaces and deletes files.
    for layer in manifest["layers"].as_array().context("no layers")? {
        let content = blob(layout, layer)?;
        for entry in tar::Archive::new(&content[..]).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            match name.strip_prefix(".wh.") {
                Some(gone) => drop(fs::remove_file(root.join(path.with_file_name(gone)))),
                None => drop(entry.unpack_in(root)?),
            }
        }
    }
    Ok(config)
}
// ANCHOR_END: smallest
