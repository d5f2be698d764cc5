//! Blobs: files named by the digest of their content.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use ch01_namespaces::new_id;
use ch04_unionfs::digest::Digest;
use ch04_unionfs::digest::Hasher;

use super::growing::Growing;
use super::{Descriptor, ImageStore, media_type};

/// The largest manifest or configuration: what registries take.
pub const MOST_JSON: u64 = 4 << 20;

/// A blob that was stored.
#[derive(Debug, Clone, Copy)]
pub struct Copied {
    /// Its name.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

impl ImageStore {
    /// Where a blob is.
    pub fn blob(&self, digest: &Digest) -> PathBuf {
        self.directory.join("blobs/sha256").join(digest.hex())
    }

    /// Whether it is there, with its length, and if it is small, with its content. (To read a large
    /// layer takes as long as to unpack it.)
    pub fn has_whole(&self, blob: &Descriptor) -> bool {
        let length = fs::metadata(self.blob(&blob.digest)).map(|file| file.len());
        length.is_ok_and(|length| length == blob.size)
            && (blob.size > MOST_JSON || self.read_json_blob(&blob.digest).is_ok())
    }

    // ANCHOR: put
    /// Stores the content of a reader, at most `most` bytes. The digest is known at the end. If it
    /// isn't the expected one, nothing is stored.
    pub fn put(&self, mut from: impl Read, expected: Option<&Digest>, most: u64) -> Result<Copied> {
        self.put_by(expected, |out| {
            let copied = io::copy(&mut (&mut from).take(most.saturating_add(1)), out)?;
            ensure!(copied <= most, "there are more than the {most} bytes that were promised");
            Ok(())
        })
    }

    /// The same of a blob that others read while it comes. (They are told the end by the caller.)
    pub fn put_growing(&self, mut from: impl Read, expected: &Descriptor, growing: &Growing) -> Result<Copied> {
        let most = expected.size;
        let seen = |path: &Path| growing.begin(path);
        self.put_as(Some(&expected.digest), seen, |out| {
            let mut limited = (&mut from).take(most.saturating_add(1));
            let (mut buffer, mut copied) = (vec![0; 1 << 16], 0);
            loop {
                let length = match limited.read(&mut buffer) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    read => read?,
                };
                copied += length as u64;
                ensure!(copied <= most, "there are more than the {most} bytes that were promised");
                if length == 0 {
                    return Ok(());
                }
                out.write_all(&buffer[..length])?;
                growing.has_grown();
            }
        })
    }

    /// The same, for content that a closure writes.
    pub fn put_by(
        &self,
        expected: Option<&Digest>,
        write: impl FnOnce(&mut dyn Write) -> Result<()>,
    ) -> Result<Copied> {
        self.put_as(expected, |_| Ok(()), write)
    }

    fn put_as(
        &self,
        expected: Option<&Digest>,
        begun: impl FnOnce(&Path) -> Result<()>,
        write: impl FnOnce(&mut dyn Write) -> Result<()>,
    ) -> Result<Copied> {
        let growing = self.directory.join("blobs").join(format!("new-{}", new_id()?));
        let file = File::create(&growing).with_context(|| format!("cannot make {}", growing.display()))?;
        let mut hashing =
            HashingWriter { file: io::BufWriter::with_capacity(1 << 16, file), hasher: Hasher::default(), size: 0 };
        let stored = begun(&growing).and_then(|()| write(&mut hashing)).and_then(|()| {
            hashing.file.flush().context("cannot write a blob")?;
            let (digest, size) = (hashing.hasher.digest(), hashing.size);
            if let Some(expected) = expected.filter(|expected| **expected != digest) {
                bail!("the content is not what was promised: its digest is {digest}, not {expected}");
            }
            fs::rename(&growing, self.blob(&digest)).context("cannot store a blob")?;
            Ok(Copied { digest, size })
        });
        if stored.is_err() {
            let _ = fs::remove_file(&growing);
        }
        stored
    }
    // ANCHOR_END: put

    /// A stored layer's descriptor. Its first bytes say how it is compressed: nobody else may know.
    pub fn describe_layer(&self, blob: Copied) -> Result<Descriptor> {
        let mut first = Vec::new();
        File::open(self.blob(&blob.digest))
            .and_then(|file| file.take(4).read_to_end(&mut first))
            .with_context(|| format!("cannot read the blob {}", blob.digest))?;
        let kind = match first[..] {
            [0x1f, 0x8b, ..] => media_type::LAYER_GZIP,
            [0x28, 0xb5, 0x2f, 0xfd] => media_type::LAYER_ZSTD,
            _ => media_type::LAYER,
        };
        Ok(Descriptor::new(kind, blob))
    }

    /// Stores bytes.
    pub fn put_bytes(&self, bytes: &[u8]) -> Result<Copied> {
        self.put(bytes, None, bytes.len() as u64)
    }

    /// A manifest or a configuration; checked against its name again, since a disk is no more to be
    /// trusted than a network.
    pub fn read_json_blob(&self, digest: &Digest) -> Result<Vec<u8>> {
        let path = self.blob(digest);
        let mut bytes = Vec::new();
        File::open(&path)
            .and_then(|file| file.take(MOST_JSON).read_to_end(&mut bytes))
            .with_context(|| format!("cannot read the blob {digest}"))?;
        ensure!(
            Digest::compute(&bytes) == *digest,
            "the blob {digest} is damaged\ncure: remove the image, and pull it again"
        );
        Ok(bytes)
    }
}

struct HashingWriter {
    file: io::BufWriter<File>,
    hasher: Hasher,
    size: u64,
}

impl Write for HashingWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
