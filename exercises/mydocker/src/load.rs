//! Images that come as an archive: what `docker save` writes since version 25, and chapter 8's
//! `save`. It is an OCI image layout: blobs, and an index.json that says what they are.

use std::fs::{self, File};
use std::io::{self, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use flate2::bufread::GzDecoder;
use given::{Offer, Platform};
use serde_json::Value;

use crate::answers::{blob_path, platform, verified};
use crate::arguments::Storage;
use crate::images::unpack;
use crate::store::{Store, store};
use crate::whole::each_entry;

/// More than any index has.
pub const MOST_JSON: u64 = 4 << 20;

/// Reads an archive from stdin, and names what is in it.
pub fn load() -> Result<()> {
    ensure!(!io::stdin().is_terminal(), "the archive comes from stdin: mydocker load <ARCHIVE");
    let store = store()?;
    let blobs = store.top().join("blobs");
    let sha256 = blobs.join("sha256");
    fs::create_dir_all(&sha256).with_context(|| format!("making {}", sha256.display()))?;
    let index = read_blobs(io::stdin().lock(), &blobs)?;
    let index: Value = serde_json::from_str(&index).context("index.json")?;
    for entry in array(&index["manifests"]) {
        let annotations = &entry["annotations"];
        let name = annotations["io.containerd.image.name"].as_str();
        let name = name.or(annotations["org.opencontainers.image.ref.name"].as_str());
        let name = name.context("an image in the archive has no name")?;
        let digest = text(&entry["digest"])?;
        add(&store, &blobs, digest, name).with_context(|| format!("the image {name}"))?;
        println!("Loaded image: {name}");
    }
    Ok(())
}

// ANCHOR: read_blobs
/// Stores each blob of the archive, and returns its index.json.
fn read_blobs(archive: impl Read, blobs: &Path) -> Result<String> {
    let mut index = None;
    each_entry(archive, false, |entry| {
        let (path, size) = (entry.path().context("a name in the archive")?.into_owned(), entry.size());
        let name = path.strip_prefix(".").unwrap_or(&path);
        if !entry.header().entry_type().is_file() {
            return Ok(());
        }
        if let Ok(hex) = name.strip_prefix("blobs/sha256") {
            let digest = format!("sha256:{}", hex.display());
            // 8.2b  A digest, and no other path.
            let file = blob_path::blob_path(blobs, &digest)?;
            // 8.2a  What it says it is, or nothing.
            verified::store_blob(entry, size, &digest, &file)?;
        } else if name == Path::new("index.json") {
            let mut text = String::new();
            entry.take(MOST_JSON).read_to_string(&mut text).context("reading index.json")?;
            index = Some(text);
        }
        Ok(())
    })?;
    index.context("the archive has no index.json: docker save writes one since version 25")
}
// ANCHOR_END: read_blobs

/// Makes an image of blobs that are there: `digest` is its manifest's, or its index's.
pub fn add(store: &Store, blobs: &Path, digest: &str, name: &str) -> Result<()> {
    let manifest = manifest(blobs, digest)?;
    let mut layers = Vec::new();
    for layer in array(&manifest["layers"]) {
        let digest = text(&layer["digest"])?;
        let blob = blob_path::blob_path(blobs, digest)?;
        let layer = digest.trim_start_matches("sha256:").to_string();
        if !store.layer(&layer).is_dir() {
            unpack_blob(&blob, &store.layer(&format!(".{layer}")), &store.layer(&layer))
                .with_context(|| format!("unpacking {digest}"))?;
        }
        layers.push(layer);
    }
    let config = &read_json(blobs, text(&manifest["config"]["digest"])?)?["config"];
    let words =
        |key: &str| -> Vec<String> { array(&config[key]).iter().filter_map(Value::as_str).map(String::from).collect() };
    let command: Vec<String> = [words("Entrypoint"), words("Cmd")].concat();
    store.name_image(name, &layers)?;
    store.set_command(name, &command)
}

/// The manifest, of an index the one for this machine.
fn manifest(blobs: &Path, digest: &str) -> Result<Value> {
    let found = read_json(blobs, digest)?;
    if found["manifests"].is_array() { read_json(blobs, &choose(&found)?) } else { Ok(found) }
}

/// The digest of the manifest in an index that is for this machine.
pub fn choose(index: &Value) -> Result<String> {
    let offers: Vec<Offer> = array(&index["manifests"]).iter().filter_map(offer).collect();
    let machine = if std::env::consts::ARCH == "arm" { "armv7l" } else { std::env::consts::ARCH };
    // 8.3  One that runs here.
    platform::choose(&offers, machine)
}

fn offer(entry: &Value) -> Option<Offer> {
    let part = |name: &str| Some(entry["platform"][name].as_str()?.to_string());
    let platform = part("os").zip(part("architecture"));
    let platform = platform.map(|(os, architecture)| Platform { os, architecture, variant: part("variant") });
    Some(Offer { digest: entry["digest"].as_str()?.into(), platform })
}

/// Half a layer is none: it gets its name at the end.
fn unpack_blob(blob: &Path, half: &PathBuf, layer: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(half);
    fs::create_dir(half).with_context(|| format!("making {}", half.display()))?;
    let mut file = BufReader::new(File::open(blob).context("the archive lacks it")?);
    let is_gzip = io::BufRead::fill_buf(&mut file)?.starts_with(&[0x1f, 0x8b]);
    let reader: Box<dyn Read> = if is_gzip { Box::new(GzDecoder::new(file)) } else { Box::new(file) };
    unpack(reader, half, Storage::Overlay)?;
    fs::rename(half, layer).with_context(|| format!("renaming to {}", layer.display()))
}

pub fn read_json(blobs: &Path, digest: &str) -> Result<Value> {
    let bytes = fs::read(blob_path::blob_path(blobs, digest)?).with_context(|| format!("there is no {digest}"))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{digest} is no JSON"))
}

pub fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

pub fn text(value: &Value) -> Result<&str> {
    value.as_str().context("a digest is missing")
}
