//! Archives to measure with.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use tar::{Builder, Header};

fn header(size: usize) -> Header {
    let mut header = Header::new_gnu();
    header.set_size(size as u64);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(1_000_000_000);
    header
}

/// A directory.
pub fn pack(directory: &Path, archive: &Path) -> Result<()> {
    let mut builder = Builder::new(BufWriter::new(File::create(archive)?));
    builder.follow_symlinks(false);
    builder.append_dir_all(".", directory)?;
    Ok(builder.into_inner()?.flush()?)
}

/// One small file.
pub fn one(name: &str, archive: &Path) -> Result<()> {
    let mut builder = Builder::new(BufWriter::new(File::create(archive)?));
    builder.append_data(&mut header(name.len()), name, name.as_bytes())?;
    Ok(builder.into_inner()?.flush()?)
}

/// Many files, a hundred in each directory.
pub fn large(count: usize, size: usize, archive: &Path) -> Result<()> {
    let mut builder = Builder::new(BufWriter::new(File::create(archive)?));
    for index in 0..count {
        if index % 100 == 0 {
            let mut directory = header(0);
            directory.set_entry_type(tar::EntryType::Directory);
            directory.set_mode(0o755);
            builder.append_data(&mut directory, format!("d{}/", index / 100), &b""[..])?;
        }
        let text: Vec<u8> = (0..size).map(|byte| (byte * 31 + index) as u8).collect();
        builder.append_data(&mut header(size), format!("d{}/f{}", index / 100, index % 100), &text[..])?;
    }
    Ok(builder.into_inner()?.flush()?)
}
