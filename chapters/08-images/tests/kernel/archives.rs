//! Archives of images, as others would make them.

use std::fs::File;
use std::path::Path;

use anyhow::Result;
use ch04_unionfs::digest::Digest;
use serde_json::{Value, json};

/// An archive with these members.
pub fn tar(members: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        // Names that lead out are refused by the library's own check.
        header.as_gnu_mut().expect("a new header").name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        archive.append(&header, *content)?;
    }
    Ok(archive.into_inner()?)
}

/// A configuration for one layer.
pub fn config(layer: &[u8]) -> Value {
    json!({
        "architecture": match std::env::consts::ARCH { "x86_64" => "amd64", "aarch64" => "arm64", other => other },
        "os": "linux",
        "created": "2020-01-01T00:00:00Z",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [Digest::compute(layer)]},
    })
}

/// Docker's archive of one image, with the name that its layer is said to have.
pub fn docker_archive(path: &Path, layer: &[u8], config: &Value, named: &str) -> Result<()> {
    let manifest = json!([{"Config": "config.json", "RepoTags": ["hostile:1"], "Layers": [named]}]);
    let bytes = tar(&[
        ("config.json", config.to_string().as_bytes()),
        ("layer.tar", layer),
        ("manifest.json", manifest.to_string().as_bytes()),
    ])?;
    std::io::Write::write_all(&mut File::create(path)?, &bytes)?;
    Ok(())
}

fn descriptor(kind: &str, bytes: &[u8]) -> Value {
    let kind = format!("application/vnd.oci.image.{kind}");
    json!({"mediaType": kind, "digest": Digest::compute(bytes), "size": bytes.len()})
}

/// An OCI layout with one image. Its manifest has a note that ours have not.
pub fn oci_archive(path: &Path, layer: &[u8], config: &Value, name: &str) -> Result<()> {
    let config = config.to_string();
    let manifest = json!({
        "schemaVersion": 2,
        "config": descriptor("config.v1+json", config.as_bytes()),
        "layers": [descriptor("layer.v1.tar", layer)],
        "annotations": {"made": "by somebody else"},
    })
    .to_string();
    let entry = descriptor("manifest.v1+json", manifest.as_bytes());
    layout(path, &[config.as_bytes(), manifest.as_bytes(), layer], entry, name)
}

/// The same in an index in the index, with other platforms that are not in the archive; so deep.
pub fn nested_archive(path: &Path, layer: &[u8], config: &Value, name: &str, deep: usize) -> Result<()> {
    let text = config.to_string();
    let manifest = json!({
        "schemaVersion": 2,
        "config": descriptor("config.v1+json", text.as_bytes()),
        "layers": [descriptor("layer.v1.tar", layer)],
    })
    .to_string();
    let mut blobs = vec![text.into_bytes(), manifest.clone().into_bytes(), layer.to_vec()];
    let mut entry = descriptor("manifest.v1+json", manifest.as_bytes());
    for _ in 0..deep {
        entry["platform"] = json!({"os": config["os"], "architecture": config["architecture"]});
        let mut other = descriptor("manifest.v1+json", b"not here");
        other["platform"] = json!({"os": "linux", "architecture": "mips"});
        let index = json!({"schemaVersion": 2, "manifests": [other, entry]}).to_string();
        entry = descriptor("index.v1+json", index.as_bytes());
        blobs.push(index.into_bytes());
    }
    layout(path, &blobs.iter().map(Vec::as_slice).collect::<Vec<_>>(), entry, name)
}

fn layout(path: &Path, blobs: &[&[u8]], mut entry: Value, name: &str) -> Result<()> {
    entry["annotations"] = json!({"io.containerd.image.name": name});
    let index = json!({"schemaVersion": 2, "manifests": [entry]}).to_string();
    let places: Vec<String> =
        blobs.iter().map(|blob| format!("blobs/sha256/{}", Digest::compute(blob).hex())).collect();
    let mut members = vec![("oci-layout", &br#"{"imageLayoutVersion":"1.0.0"}"#[..]), ("index.json", index.as_bytes())];
    members.extend(places.iter().map(String::as_str).zip(blobs.iter().copied()));
    std::io::Write::write_all(&mut File::create(path)?, &tar(&members)?)?;
    Ok(())
}
