//! diagnosis: bare-errno
//! made by: who puts ? behind each call.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

pub fn store_blob(content: &mut dyn Read, size: u64, digest: &str, file: &Path) -> Result<()> {
    let growing = file.with_extension("growing");
    let stored = write_verified(content, size, digest, &growing)
        .and_then(|()| fs::rename(&growing, file).with_context(|| format!("renaming to {}", file.display())));
    if stored.is_err() {
        let _ = fs::remove_file(&growing);
    }
    stored
}

fn write_verified(content: &mut dyn Read, size: u64, digest: &str, file: &Path) -> Result<()> {
    let mut out = File::create(file)?;
    let (mut hasher, mut written) = (Sha256::new(), 0);
    let mut buffer = [0; 1 << 14];
    loop {
        let length = content.read(&mut buffer)?;
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
