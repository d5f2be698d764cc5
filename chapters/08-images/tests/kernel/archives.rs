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
        "rootfs": {"type": "layers", "diff_ids": [Digest::of(layer)]},
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

/// An OCI layout with one image. Its manifest has a note that ours have not.
pub fn oci_archive(path: &Path, layer: &[u8], config: &Value, name: &str) -> Result<()> {
    let config = config.to_string();
    let descriptor = |kind: &str, bytes: &[u8]| {
        let kind = format!("application/vnd.oci.image.{kind}");
        json!({"mediaType": kind, "digest": Digest::of(bytes), "size": bytes.len()})
    };
    let manifest = json!({
        "schemaVersion": 2,
        "config": descriptor("config.v1+json", config.as_bytes()),
        "layers": [descriptor("layer.v1.tar", layer)],
        "annotations": {"made": "by somebody else"},
    })
    .to_string();
    let mut entry = descriptor("manifest.v1+json", manifest.as_bytes());
    entry["annotations"] = json!({"io.containerd.image.name": name});
    let index = json!({"schemaVersion": 2, "manifests": [entry]}).to_string();
    let place = |bytes: &[u8]| format!("blobs/sha256/{}", Digest::of(bytes).hex());
    let bytes = tar(&[
        ("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#),
        ("index.json", index.as_bytes()),
        (&place(config.as_bytes()), config.as_bytes()),
        (&place(manifest.as_bytes()), manifest.as_bytes()),
        (&place(layer), layer),
    ])?;
    std::io::Write::write_all(&mut File::create(path)?, &bytes)?;
    Ok(())
}
