//! Exercise 8.2a: store a verified blob.
//!
//! A manifest gives a size and a digest for a blob. Write the content to a file, which must appear
//! only if size and digest are right. Read rename(2). Check with `cargo wb check 8.2a`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

/// Writes `content` to `file`. The content must have `size` bytes and the digest `digest`:
/// `sha256:` and 64 lower-case hexadecimal digits.
///
/// `file` doesn't exist until the content has been verified. The function writes each piece to the
/// disk as it arrives, because the content may be larger than the memory. It reads only slightly
/// more than `size` bytes.
///
/// Returns an error with the reason if the size or the digest is wrong, or if something can't be
/// read or written. Then it leaves no file in the directory.
///
/// Use `Sha256::new()`, `update(&bytes)` and `finalize()`, which returns the bytes of the digest,
/// from the crate sha2.
pub fn store_blob(content: &mut dyn Read, size: u64, digest: &str, file: &Path) -> Result<()> {
    // wb:answer
    let growing = file.with_extension("growing");
    let stored = write_verified(content, size, digest, &growing)
        .and_then(|()| fs::rename(&growing, file).with_context(|| format!("renaming to {}", file.display())));
    if stored.is_err() {
        // It may not be there at all.
        let _ = fs::remove_file(&growing);
    }
    stored
    // wb:starter
    // todo!("hash, count and write each piece to a temporary file; then rename it")
    // wb:end
}

// wb:answer
fn write_verified(content: &mut dyn Read, size: u64, digest: &str, file: &Path) -> Result<()> {
    let mut out = File::create(file).with_context(|| format!("making {}", file.display()))?;
    let (mut hasher, mut written) = (Sha256::new(), 0);
    let mut buffer = [0; 1 << 14];
    loop {
        let length = content.read(&mut buffer).context("reading the content")?;
        if length == 0 {
            break;
        }
        written += length as u64;
        ensure!(written <= size, "more than the {size} bytes come that were promised");
        hasher.update(&buffer[..length]);
        out.write_all(&buffer[..length]).with_context(|| format!("writing {}", file.display()))?;
    }
    ensure!(written == size, "{size} bytes were promised, {written} came");
    let found: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    ensure!(digest == format!("sha256:{found}"), "{digest} was promised, sha256:{found} came");
    Ok(())
}
// wb:end
