//! Images that come from a registry on this machine, by the OCI distribution specification: a
//! manifest by its name, and all else by digest.

use std::fs;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use given::{Reference, Response};
use serde_json::Value;

use crate::answers::{blob_path, reference, verified};
use crate::load::{self, MOST_JSON, array, read_json, text};
use crate::store::store;

/// Manifests and indexes, in OCI's words and in Docker's.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json, \
                         application/vnd.docker.distribution.manifest.v2+json";

/// A repository of a registry's, and where its blobs go.
struct Source<'a> {
    registry: SocketAddr,
    name: &'a Reference,
    blobs: &'a Path,
}

pub fn pull(name: &str) -> Result<()> {
    // 8.1  Which registry, which repository, which tag.
    let reference = reference::parse(name).context("an image's name")?;
    let store = store()?;
    let blobs = store.top().join("blobs");
    fs::create_dir_all(blobs.join("sha256")).context("making the directory of blobs")?;
    let source = Source { registry: registry(&reference.host)?, name: &reference, blobs: &blobs };

    let tag = reference.tag.as_deref().context("mydocker knows images by tag only")?;
    let (digest, mut manifest) = source.manifest(tag).with_context(|| format!("the manifest of {name}"))?;
    if manifest["manifests"].is_array() {
        (_, manifest) = source.manifest(&load::choose(&manifest)?).context("the manifest for this machine")?;
    }
    for blob in [&manifest["config"]].into_iter().chain(array(&manifest["layers"])) {
        let (digest, size) = (text(&blob["digest"])?, blob["size"].as_u64().context("a size is missing")?);
        source.blob(digest, size).with_context(|| format!("the blob {digest}"))?;
    }
    load::add(&store, &blobs, &digest, name).with_context(|| format!("the image {name}"))?;
    println!("Pulled image: {name}");
    Ok(())
}

/// `localhost:5000`, `127.0.0.1`: without TLS, it is this machine's.
fn registry(host: &str) -> Result<SocketAddr> {
    let with_port = if host.contains(':') { host.to_string() } else { format!("{host}:80") };
    let known = ["localhost", "127."].iter().any(|local| host.starts_with(local));
    let found = if known { with_port.to_socket_addrs().ok().and_then(|mut found| found.find(is_local)) } else { None };
    found.with_context(|| {
        format!(
            "{host} is no registry on this machine\ncause: mydocker has no TLS, which others need\n\
             cure: localhost:5000/NAME, or chapter 8's pull: cargo run -p ch08-images -- pull NAME"
        )
    })
}

fn is_local(address: &SocketAddr) -> bool {
    address.ip().is_loopback() && address.is_ipv4()
}

impl Source<'_> {
    /// A manifest or an index by its digest, or by a tag. Then the registry says which digest it has:
    /// a registry that lies about it could as well give the tag to another image.
    fn manifest(&self, name: &str) -> Result<(String, Value)> {
        let mut answer = self.ask(&format!("manifests/{name}"), MANIFESTS)?;
        let digest = if name.starts_with("sha256:") { Some(name) } else { answer.header("Docker-Content-Digest") };
        let digest = digest.context("the registry doesn't say its digest")?.to_string();
        let size = answer.header("Content-Length").and_then(|length| length.parse().ok());
        let size: u64 = size.context("the registry doesn't say how long it is")?;
        ensure!(size <= MOST_JSON, "{size} bytes: no manifest is that long");
        let file = blob_path::blob_path(self.blobs, &digest)?;
        verified::store_blob(&mut answer.body, size, &digest, &file)?;
        let manifest = read_json(self.blobs, &digest)?;
        Ok((digest, manifest))
    }

    fn blob(&self, digest: &str, size: u64) -> Result<()> {
        // 8.2b  A digest, and no other path.
        let file = blob_path::blob_path(self.blobs, digest)?;
        if !file.is_file() {
            let mut answer = self.ask(&format!("blobs/{digest}"), "*/*")?;

            // 8.2a  What it says it is, or nothing.
            verified::store_blob(&mut answer.body, size, digest, &file)?;
        }
        Ok(())
    }

    fn ask(&self, what: &str, accept: &str) -> Result<Response> {
        let path = format!("/v2/{}/{what}", self.name.repository);
        let answer = given::http_get(self.registry, &self.name.host, &path, accept)?;
        match answer.status {
            200 => Ok(answer),
            401 | 403 => bail!("the registry wants to know who you are: mydocker has no login"),
            404 => bail!("the registry has none"),
            status => bail!("the registry answers {status} to {path}"),
        }
    }
}
