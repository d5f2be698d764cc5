//! `load`: images from an archive: an OCI layout, or Docker's older form with `manifest.json`.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use anyhow::{Context, Result, bail, ensure};
use ch02_rootfs::import::Archive;
use serde::Deserialize;
use tar::EntryType;

use super::import::MOST_BYTES;
use super::pull::choose;
use crate::Reference;
use crate::config::ImageConfig;
use crate::layout::{Copied, Descriptor, Found, ImageStore, Index, Manifest, media_type};

/// One image of Docker's `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

/// More files than this are in nobody's image.
const MOST_FILES: usize = 10_000;

/// Nobody nests indexes deeper than this.
const MOST_DEEP: usize = 4;

// ANCHOR: load
/// Loads all images of an archive. The names of its entries never become names of files: each entry
/// becomes a blob that is named by its digest. So a name such as `../../etc/passwd` does no harm.
pub fn load(images: &ImageStore, archive: impl Read) -> Result<Vec<Found>> {
    let growing = images.growing()?;
    let loaded = load_members(&images.arriving("load"), archive);
    drop(growing);
    // Remove what belongs to no image: manifest.json, or all blobs of a damaged archive.
    images.remove_unneeded()?;
    loaded
}

fn load_members(images: &ImageStore, archive: impl Read) -> Result<Vec<Found>> {
    let mut members: HashMap<String, Copied> = HashMap::new();
    let mut links: BTreeMap<String, String> = BTreeMap::new();
    let mut archive = Archive::new(archive);
    while let Some(member) =
        archive.next_member().context("cannot read the archive\ncure: it must be what `save` writes")?
    {
        let name = member.name.to_string_lossy().trim_start_matches("./").to_string();
        ensure!(members.len() + links.len() < MOST_FILES, "the archive has more than {MOST_FILES} files");
        match (member.kind, &member.target) {
            (EntryType::Regular | EntryType::Continuous, _) => {
                let copied = images.put(archive.data(&member)?, None, member.size().min(MOST_BYTES))?;
                members.insert(name, copied);
            }
            // Older archives have links between equal layers: `../ID/layer.tar`.
            (EntryType::Symlink | EntryType::Link, Some(target)) => {
                links.insert(name, target.to_string_lossy().trim_start_matches("../").to_string());
            }
            _ => {}
        }
    }
    for (name, target) in links {
        if let Some(blob) = members.get(&target).copied() {
            members.insert(name, blob);
        }
    }
    let text = |name: &str| members.get(name).map(|blob| images.read_json_blob(&blob.digest)).transpose();
    if let Some(text) = text("manifest.json")? {
        let listed: Vec<DockerImage> = serde_json::from_slice(&text).context("manifest.json can't be read")?;
        return listed.iter().try_fold(Vec::new(), |mut all, image| {
            all.extend(from_docker(images, &members, image)?);
            Ok(all)
        });
    }
    let Some(text) = text("index.json")? else {
        bail!(
            "the archive holds no image: it has neither manifest.json nor index.json\ncure: for a root file system: import"
        )
    };
    let index: Index = serde_json::from_slice(&text).context("index.json can't be read")?;
    let add = |entry: &Descriptor| images.add(in_index(images, entry.clone())?, entry.name().as_ref());
    index.manifests.iter().map(add).collect()
}
// ANCHOR_END: load

/// An entry of the index may be an index as well: of one image for several platforms.
fn in_index(images: &ImageStore, mut entry: Descriptor) -> Result<Descriptor> {
    for _ in 0..MOST_DEEP {
        if !matches!(entry.media_type.as_str(), media_type::INDEX | media_type::DOCKER_LIST) {
            return Ok(entry);
        }
        let text = images.read_json_blob(&entry.digest)?;
        let index: Index = serde_json::from_slice(&text).context("an index in the archive can't be read")?;
        entry = choose(&index.manifests)?.clone();
    }
    bail!("the archive is damaged: its indexes are nested deeper than {MOST_DEEP}")
}

fn from_docker(images: &ImageStore, members: &HashMap<String, Copied>, image: &DockerImage) -> Result<Vec<Found>> {
    let find = |name: &String| {
        members
            .get(name)
            .copied()
            .with_context(|| format!("the archive is damaged: manifest.json names {name:?}, which is not in it"))
    };
    let config_blob = find(&image.config)?;
    let text = images.read_json_blob(&config_blob.digest)?;
    let config = ImageConfig::parse(&text)?;
    config.check_platform()?;
    let layers = image.layers.iter().map(|layer| images.describe_layer(find(layer)?));
    let layers: Vec<Descriptor> = layers.collect::<Result<_>>()?;
    // An archive that has the manifest itself keeps its digest.
    let original = members.values().find_map(|blob| {
        let bytes = (blob.size < 1 << 20).then(|| images.read_json_blob(&blob.digest).ok())??;
        let manifest: Manifest = serde_json::from_slice(&bytes).ok()?;
        let same = manifest.config.digest == config_blob.digest
            && manifest.layers.iter().map(|layer| layer.digest).eq(layers.iter().map(|layer| layer.digest));
        same.then(|| Descriptor::new(media_type::MANIFEST, *blob))
    });
    let tags = image.repo_tags.iter().flatten().map(|tag| tag.parse().map_err(|error: String| anyhow::anyhow!(error)));
    let tags: Vec<Reference> = tags.collect::<Result<_>>()?;
    let add = |name: Option<&Reference>| match &original {
        Some(original) => images.add(original.clone(), name),
        None => images.add_made(&text, layers.clone(), name),
    };
    if tags.is_empty() {
        return Ok(vec![add(None)?]);
    }
    tags.iter().map(|tag| add(Some(tag))).collect()
}
