//! Looking at an image: `inspect` and `history`.

use std::collections::BTreeMap;

use anyhow::Result;
use ch04_unionfs::digest::Digest;
use ch07_daemon::api::body::ok;
use ch07_daemon::api::error::Answer;
use ch07_daemon::api::images::DiskUsage;
use ch07_daemon::api::router::Call;
use ch07_daemon::api::system::blocking;
use ch07_daemon::daemon::Daemon;
use serde_json::{Value, json};

use super::store;
use crate::engine::{Step, steps};
use crate::layout::{Found, ImageStore, User};
use crate::{Reference, builtin};

/// A row of a list, with what `inspect` shows as well.
pub fn row(image: &Found, users: &[User]) -> Value {
    let tags: Vec<String> = image.names.iter().filter(|name| name.tag.is_some()).map(Reference::familiar).collect();
    let named = image.names.iter().zip(&image.digests);
    let mut digests: Vec<String> = named.map(|(name, digest)| format!("{}@{digest}", name.repository())).collect();
    digests.sort();
    digests.dedup();
    json!({
        "Id": image.id().to_string(),
        "ParentId": "",
        "RepoTags": tags,
        "RepoDigests": digests,
        "Created": ch06_containers::seconds_of(&image.config.created),
        "Size": image.size(),
        "VirtualSize": image.size(),
        "SharedSize": -1,
        "Labels": image.config.whole["config"]["Labels"],
        "Containers": users.iter().filter(|user| user.stands_on(image)).count(),
    })
}

/// The rows of all images. A layer's blob has one digest in all images that share it.
pub fn disk_usage(all: &[Found], users: &[User]) -> Result<DiskUsage> {
    let mut images_of = BTreeMap::<Digest, (u64, usize)>::new();
    for image in all {
        let layers: BTreeMap<_, _> = image.manifest.layers.iter().map(|layer| (layer.digest, layer.size)).collect();
        layers.into_iter().for_each(|(digest, size)| images_of.entry(digest).or_insert((size, 0)).1 += 1);
    }
    let row_with_shared = |image: &Found| {
        let shared = image.manifest.layers.iter().filter(|layer| images_of[&layer.digest].1 > 1);
        let mut row = row(image, users);
        row["SharedSize"] = json!(shared.map(|layer| layer.size).fold(0, u64::saturating_add));
        row
    };
    let layers_size = images_of.values().map(|(size, _)| *size).fold(0, u64::saturating_add);
    Ok(DiskUsage { layers_size, rows: all.iter().map(row_with_shared).collect() })
}

/// All about an image, as Docker's `inspect` has it.
pub fn details(images: &ImageStore, name: &str) -> Result<Value> {
    let found = builtin::find(images, name)?;
    let whole = &found.config.whole;
    let mut value = row(&found, &[]);
    value["Created"] = json!(found.config.created);
    value["Os"] = whole["os"].clone();
    value["Architecture"] = whole["architecture"].clone();
    value["Config"] = whole["config"].clone();
    value["RootFS"] = json!({"Type": "layers", "Layers": found.config.diff_ids});
    value["GraphDriver"] = json!({"Name": images.layers().driver().name().to_string(), "Data": {}});
    value["Descriptor"] = json!({
        "mediaType": found.descriptor.media_type,
        "digest": found.descriptor.digest,
        "size": found.descriptor.size,
    });
    for (key, from) in [("Author", "author"), ("Comment", "comment"), ("Parent", ""), ("DockerVersion", "")] {
        value[key] = json!(whole[from].as_str().unwrap_or_default());
    }
    value["Metadata"] = json!({"LastTagTime": "0001-01-01T00:00:00Z"});
    Ok(value)
}

/// `docker inspect`.
pub async fn inspect(daemon: Daemon, name: String, call: Call) -> Answer {
    call.query.platform()?;
    ok(&blocking(move || details(&store(&daemon.engine)?, &name)).await?)
}

/// `docker history`.
pub async fn history(daemon: Daemon, name: String) -> Answer {
    let found = blocking(move || builtin::find(&store(&daemon.engine)?, &name)).await?;
    let row = |step: &Step| {
        json!({
            "Id": "<missing>",
            "Created": ch06_containers::seconds_of(&step.created),
            "CreatedBy": step.by,
            "Comment": step.comment,
            "Size": step.size,
            "Tags": null,
        })
    };
    let mut rows: Vec<Value> = steps(&found).iter().map(row).collect();
    if let Some(first) = rows.first_mut() {
        first["Id"] = json!(found.id().to_string());
        first["Tags"] = json!(found.names.iter().map(Reference::familiar).collect::<Vec<_>>());
    }
    ok(&rows)
}
