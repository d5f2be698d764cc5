//! An image of one layer from an archive; and of a container: its image's layers and one with what
//! it changed.

use std::fs::File;
use std::io::Read;

use anyhow::{Context, Result};
use ch04_unionfs::write_changes;
use ch06_containers::record::Record;
use serde_json::{Value, json};

use crate::Reference;
use crate::config::new_config;
use crate::layout::{Copied, Descriptor, Found, ImageStore, diff_of, media_type};

/// The most that an archive may hold, which is more than anybody's.
pub const MOST_BYTES: u64 = 1 << 40;

/// `import`: an archive, compressed or not, becomes an image.
pub fn import(
    images: &ImageStore,
    archive: impl Read,
    message: Option<&str>,
    name: Option<&Reference>,
) -> Result<Found> {
    let _growing = images.growing()?;
    let blob = images.put(archive, None, MOST_BYTES)?;
    let diff = diff_of(File::open(images.blob(&blob.digest))?).context("cannot unpack the archive")?;
    let created = ch06_containers::now();
    let history = [json!({"created": created, "comment": message.unwrap_or("Imported from -")})];
    let config = new_config(&created, &json!({}), &[diff], &history);
    let layers = vec![images.describe_layer(blob)?];
    images.arriving("import").add_made(&serde_json::to_vec(&config)?, layers, name)
}

/// What a container changed, as a layer's blob.
pub fn changes_of(images: &ImageStore, container: &str) -> Result<Copied> {
    let file = tempfile::tempfile().context("cannot make a temporary file")?;
    write_changes(images.layers(), container, file.try_clone()?)?;
    let length = file.metadata()?.len();
    let mut file = file;
    std::io::Seek::rewind(&mut file)?;
    images.put(file, None, length)
}

/// `commit`: the image of a container, and what the container changed. `changed` is its
/// configuration as the image gets it.
pub fn commit(
    images: &ImageStore,
    record: &Record,
    base: Option<&Found>,
    config: &Value,
    note: &Value,
    name: Option<&Reference>,
) -> Result<Found> {
    let _growing = images.growing()?;
    let blob = changes_of(images, &record.id)?;
    let mut layers = base.map(|base| base.manifest.layers.clone()).unwrap_or_default();
    let mut diffs = base.map(|base| base.config.diff_ids.clone()).unwrap_or_default();
    let mut history: Vec<Value> =
        base.and_then(|base| base.config.whole["history"].as_array().cloned()).unwrap_or_default();
    layers.push(Descriptor::new(media_type::LAYER, blob));
    diffs.push(blob.digest);
    let created = ch06_containers::now();
    let mut entry = json!({"created": created});
    note.as_object().into_iter().flatten().for_each(|(key, value)| entry[key] = value.clone());
    history.push(entry);
    let config = new_config(&created, config, &diffs, &history);
    images.add_made(&serde_json::to_vec(&config)?, layers, name)
}
