//! The program around an answer to exercise 8.2a. `cargo wb check 8.2a` builds it and runs it in
//! the lab.

use std::cell::Cell;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use given::checked;

include!(concat!(env!("OUT_DIR"), "/verified.rs"));

/// Of an endless body so much is given: nobody needs as much to know that it is too long.
const ENOUGH: u64 = 8 << 20;

/// Arguments, for each call: what is special about it, the content as a text and how often it is
/// repeated, the promised length and digest.
fn main() {
    let inputs: Vec<String> = std::env::args().skip(1).collect();
    checked::answers(&inputs, |words| {
        let [how, text, times, size, digest] = words[..] else { bail!("five words") };
        call(how, text.repeat(times.parse()?).as_bytes(), size.parse()?, digest)
    })
}

fn call(how: &str, content: &[u8], size: u64, digest: &str) -> Result<String> {
    let directory = Path::new("/tmp/blobs");
    let _ = fs::remove_dir_all(directory);
    if how != "nowhere" {
        fs::create_dir(directory).context("making a directory")?;
    }
    let file = directory.join("blob");
    let (given, early, on_disk) = (Cell::new(0), Cell::new(false), Cell::new(0));
    let mut stream = Stream { how, content, file: &file, given: &given, early: &early, on_disk: &on_disk };

    let result = answers::verified::store_blob(&mut stream, size, digest, &file);

    let left: Vec<PathBuf> = fs::read_dir(directory).into_iter().flatten().flatten().map(|file| file.path()).collect();
    if given.get() >= ENOUGH {
        return Ok(format!("it read on, far beyond the {size} bytes that were promised"));
    }
    match result {
        Ok(()) if fs::read(&file).ok().as_deref() != Some(content) => Ok("another content is in the file".into()),
        Ok(()) if left.len() > 1 => Ok("the file, and another one beside it".into()),
        Ok(()) if early.get() => Ok("the file was there before all had come".into()),
        Ok(()) if content.len() > 1 << 20 && on_disk.get() == 0 => {
            Ok("nothing was on the disk until all had come".into())
        }
        Ok(()) => Ok("the file, whole".into()),
        Err(_) if left.contains(&file) => Ok("an error, and the file is there".into()),
        Err(_) if !left.is_empty() => Ok("an error, and half a file is left".into()),
        Err(error) => Err(error),
    }
}

/// The content, as it comes from a network: in pieces of any length.
struct Stream<'a> {
    how: &'a str,
    content: &'a [u8],
    file: &'a Path,
    given: &'a Cell<u64>,
    /// Whether the file was seen before the end.
    early: &'a Cell<bool>,
    /// How much the directory's files had when the end was told.
    on_disk: &'a Cell<u64>,
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let given = self.given.get() as usize;
        self.early.set(self.early.get() || self.file.exists());
        if self.how == "endless" && (given as u64) < ENOUGH {
            buffer.fill(b'x');
            self.given.set((given + buffer.len()) as u64);
            return Ok(buffer.len());
        }
        let rest = self.content.get(given..).unwrap_or_default();
        if self.how == "cut" && rest.len() < self.content.len() / 2 {
            return Err(io::Error::other("the connection was cut"));
        }
        let length = if self.how == "pieces" { 1 + given % 700 } else { 1 << 14 };
        let length = length.min(rest.len()).min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.given.set((given + length) as u64);
        if length == 0 {
            let files = fs::read_dir(self.file.parent().unwrap_or(self.file)).into_iter().flatten().flatten();
            self.on_disk.set(files.filter_map(|file| Some(file.metadata().ok()?.len())).sum());
        }
        Ok(length)
    }
}
