//! `save`: images as one archive, which `load` of both worlds takes: an OCI layout, with Docker's
//! `manifest.json` beside it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;

use anyhow::{Context, Result};
use ch04_unionfs::digest::Digest;
use serde_json::json;

use crate::Reference;
use crate::builtin;
use crate::layout::{ImageStore, Index};

/// Writes images by name.
pub fn save(images: &ImageStore, names: &[String], out: impl Write) -> Result<()> {
    let mut archive = tar::Builder::new(out);
    // Their directories as well: skopeo, as an ordinary user, unpacks no archive without them.
    for directory in ["blobs/", "blobs/sha256/"] {
        let mut header = header(0);
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o755);
        archive.append_data(&mut header, directory, std::io::empty())?;
    }
    let mut index = Index::default();
    let mut manifests = Vec::new();
    let mut written = BTreeSet::new();
    let place = |digest: &Digest| format!("blobs/sha256/{}", digest.hex());
    let found = names.iter().map(|name| Ok((name, builtin::find(images, name)?))).collect::<Result<Vec<_>>>()?;
    for (asked, image) in found {
        let by_name = asked.parse::<Reference>().ok().filter(|name| image.names.contains(name));
        index.manifests.push(image.descriptor.clone().without_arrival().named(by_name.as_ref()));
        let layers: Vec<String> = image.manifest.layers.iter().map(|layer| place(&layer.digest)).collect();
        let tags: Vec<String> = by_name.iter().map(Reference::familiar).collect();
        manifests.push(json!({"Config": place(&image.id()), "RepoTags": tags, "Layers": layers}));
        let blobs = [image.descriptor.digest, image.id()];
        for digest in blobs.into_iter().chain(image.manifest.layers.iter().map(|layer| layer.digest)) {
            if written.insert(digest.hex()) {
                let mut file =
                    File::open(images.blob(&digest)).with_context(|| format!("cannot read the blob {digest}"))?;
                let mut header = header(file.metadata()?.len());
                archive.append_data(&mut header, place(&digest), &mut file)?;
            }
        }
    }
    let texts = [
        ("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()),
        ("index.json", serde_json::to_vec(&index)?),
        ("manifest.json", serde_json::to_vec(&manifests)?),
    ];
    for (name, text) in texts {
        archive.append_data(&mut header(text.len() as u64), name, &text[..])?;
    }
    archive.into_inner().and_then(|mut out| out.flush()).context("cannot write the archive")
}

/// The same images give the same bytes.
fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}
