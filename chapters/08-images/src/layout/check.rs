//! Holds the store against what it says about itself.

use std::fs::{self, File};
use std::io;

use anyhow::{Context, Result};
use ch04_unionfs::digest::{Digest, Hasher};
use serde::Serialize;

use super::{Descriptor, ImageStore, Manifest};
use crate::config::ImageConfig;

/// What was looked at, and what is wrong.
#[derive(Debug, Default, Serialize)]
pub struct Checked {
    /// Entries of the index: names, images without one, steps of builds.
    pub entries: usize,
    /// Blobs on disk.
    pub blobs: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Blobs that nothing names: a pull or load was cut off, and the next removal takes them.
    pub left_over: usize,
    /// What is damaged, a sentence each.
    pub problems: Vec<String>,
}

impl ImageStore {
    /// Reads every blob, and follows every image from its name to its unpacked layers.
    pub fn check(&self) -> Result<Checked> {
        let mut checked = Checked::default();
        let mut needed = Vec::new();
        for entry in self.index()?.manifests {
            checked.entries += 1;
            if let Err(error) = self.check_image(&entry, &mut needed) {
                checked.problems.push(format!("image {}: {error:#}", entry.digest));
            }
        }
        let directory = self.directory.join("blobs/sha256");
        for entry in fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            checked.blobs += 1;
            let Ok(digest) = Digest::from_hex(&name) else {
                checked.problems.push(format!("blobs/sha256/{name}: that is not a digest"));
                continue;
            };
            checked.left_over += usize::from(!needed.contains(&digest));
            match self.digest_on_disk(&digest) {
                Ok((found, size)) if found == digest => checked.bytes += size,
                Ok((found, _)) => checked.problems.push(format!("blob {digest}: its content's digest is {found}")),
                Err(error) => checked.problems.push(format!("blob {digest}: {error:#}")),
            }
        }
        Ok(checked)
    }

    fn check_image(&self, entry: &Descriptor, needed: &mut Vec<Digest>) -> Result<()> {
        needed.push(entry.digest);
        let manifest: Manifest = serde_json::from_slice(&self.read_json_blob(&entry.digest)?)?;
        needed.push(manifest.config.digest);
        needed.extend(manifest.layers.iter().map(|layer| layer.digest));
        for layer in &manifest.layers {
            let path = self.blob(&layer.digest);
            let size = fs::metadata(&path).with_context(|| format!("its layer {} is gone", layer.digest))?.len();
            anyhow::ensure!(
                size == layer.size,
                "its layer {} has {size} bytes, and should have {}",
                layer.digest,
                layer.size
            );
        }
        let config = ImageConfig::parse(&self.read_json_blob(&manifest.config.digest)?)?;
        if let Some(top) = config.top() {
            self.layers().stack(&top).with_context(|| format!("its unpacked layers are not whole ({top})"))?;
        }
        Ok(())
    }

    fn digest_on_disk(&self, digest: &Digest) -> Result<(Digest, u64)> {
        struct Into(Hasher);
        impl io::Write for Into {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.update(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut hashing = Into(Hasher::default());
        let size = io::copy(&mut File::open(self.blob(digest))?, &mut hashing)?;
        Ok((hashing.0.digest(), size))
    }
}
