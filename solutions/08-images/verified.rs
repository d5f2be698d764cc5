//! Exercise 8.2a: a stream, verified while it is written.
//!
//! A manifest promises a length and a digest. Write what comes to a file, which appears only if the
//! promise was kept. Read rename(2); check with `cargo wb check 8.2a`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

/// Writes `content` to `file`. It was promised to be `size` bytes long, and its digest to be
/// `digest`: `sha256:` and 64 lower-case hexadecimal digits.
///
/// Until all of it has been verified there is no `file`. It goes to the disk as it comes: content
/// may be larger than the memory. Not much more is read than was promised.
///
/// Fails, saying what was wrong, if the promise isn't kept, or when something can't be read or
/// written; and then leaves nothing in the directory.
///
/// `Sha256::new()`, `update(&bytes)` and `finalize()`, which has the bytes of the digest, are the
/// crate sha2's.
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
    // todo!("under another name; hash, count and write each piece; then rename")
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
