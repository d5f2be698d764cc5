//! One blob from a registry: a blob that is cut off or stands still is requested again.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result, ensure};

use ureq::http::StatusCode;

use super::registry::{FIRST_WAIT, PATIENCE, Registry, TRIES, patience};
use crate::layout::{Descriptor, Growing, ImageStore};

/// What happens meanwhile: a blob's short name, Docker's word for it, bytes so far and in all.
pub type Progress<'a> = dyn FnMut(&str, &str, u64, u64) + 'a;

/// Fetches a blob, unless it is here. It informs `growing` when it begins, but not when it ends.
pub fn fetch(
    images: &ImageStore,
    registry: &mut Registry,
    blob: &Descriptor,
    growing: &Growing,
    progress: &mut Progress<'_>,
    stop: &AtomicBool,
) -> Result<()> {
    let short = blob.digest.short();
    if images.has_whole(blob) {
        growing.begin(&images.blob(&blob.digest))?;
        progress(&short, "Already exists", 0, 0);
        return Ok(());
    }
    let size = blob.size;
    progress(&short, "Downloading", 0, size);
    let mut shown = 0;
    let seen = |passed: u64| {
        if stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("another layer could not be pulled"));
        }
        if passed - shown >= 1 << 20 {
            shown = passed;
            progress(&short, "Downloading", passed, size);
        }
        Ok(())
    };
    let download = Download { registry, blob, body: None, passed: 0, skip: 0, tries: 0, first: 0, seen };
    let copied = images
        .put_growing(download, blob, growing)
        .with_context(|| format!("cannot download {} ({size} bytes)", blob.digest))?;
    ensure!(copied.size == size, "{} has {} bytes, and the manifest says {size}", blob.digest, copied.size);
    progress(&short, "Download complete", size, size);
    Ok(())
}

/// A blob's bytes, of as many answers as it takes.
struct Download<'a, F> {
    registry: &'a mut Registry,
    blob: &'a Descriptor,
    body: Option<Box<dyn Read>>,
    passed: u64,
    /// What this answer repeats.
    skip: u64,
    /// How many answers in a row broke off before they brought much.
    tries: u32,
    /// Where the first of these began.
    first: u64,
    seen: F,
}

/// What an answer must bring to count as one that brought something.
const MUCH: u64 = 1 << 20;

impl<F: FnMut(u64) -> io::Result<()>> Download<'_, F> {
    // ANCHOR: again
    /// Asks for the rest of the blob. A registry need not know how to begin in the middle: then what
    /// came before comes again, and is thrown away. The digest is that of the whole, in any case.
    fn ask(&mut self) -> Result<Box<dyn Read>> {
        let answer = self.registry.blob(&self.blob.digest.to_string(), self.passed)?;
        self.skip = if answer.status() == StatusCode::PARTIAL_CONTENT { 0 } else { self.passed };
        Ok(Box::new(answer.into_body().into_reader()))
    }

    fn read_on(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(body) = &mut self.body else { return Ok(0) };
        let skipped = io::copy(&mut body.take(self.skip), &mut io::sink())?;
        self.skip -= skipped;
        if self.skip > 0 { Ok(0) } else { body.read(buffer) }
    }

    /// Reads; and where an answer breaks off, asks again after a while.
    fn read_patiently(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.body.is_none() {
                // It has had its tries.
                self.body = Some(self.ask().map_err(io::Error::other)?);
            }
            let read = self.read_on(buffer);
            let is_cut = match &read {
                Ok(length) => *length == 0 && self.passed < self.blob.size,
                Err(error) => error.kind() != io::ErrorKind::Interrupted,
            };
            if !is_cut {
                return read;
            }
            if self.passed >= self.first + MUCH {
                (self.tries, self.first) = (0, self.passed);
            }
            self.tries += 1;
            if self.tries >= TRIES {
                return read.map_err(named);
            }
            (self.seen)(self.passed)?;
            thread::sleep(FIRST_WAIT * 2u32.pow(self.tries - 1));
            self.body = None;
        }
    }
    // ANCHOR_END: again
}

/// An error that a person can do something with.
fn named(error: io::Error) -> io::Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    if !matches!(inner, Some(ureq::Error::Timeout(_))) && error.kind() != io::ErrorKind::TimedOut {
        return error;
    }
    let told = format!(
        "the registry sent nothing for {} seconds, {TRIES} times\ncure: try it later; or wait longer: {PATIENCE}=SECONDS",
        patience().as_secs_f32()
    );
    io::Error::new(io::ErrorKind::TimedOut, told)
}

impl<F: FnMut(u64) -> io::Result<()>> Read for Download<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.read_patiently(buffer)?;
        self.passed += length as u64;
        (self.seen)(self.passed)?;
        Ok(length)
    }
}
