//! How far an import has come, on a terminal.

use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use nix::sys::stat::{SFlag, fstat};

/// A reader that counts on a progress bar.
pub struct Progress<R> {
    inner: R,
    bar: ProgressBar,
}

impl<R: Read + AsFd> Progress<R> {
    /// A bar where the whole size is known, a spinner where not; nothing off a terminal.
    pub fn over(inner: R, quiet: bool) -> Progress<R> {
        let size = fstat(&inner).ok().filter(|stat| SFlag::from_bits_truncate(stat.st_mode).contains(SFlag::S_IFREG));
        let bar = match size {
            _ if quiet || !io::stderr().is_terminal() => ProgressBar::hidden(),
            Some(stat) => {
                ProgressBar::new(stat.st_size as u64).with_style(style("{bar:40} {bytes}/{total_bytes} {eta}"))
            }
            None => ProgressBar::new_spinner().with_style(style("{spinner} {bytes} {bytes_per_sec}")),
        };
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Progress { inner, bar }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl<R: Read> Read for Progress<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        match length {
            0 => self.bar.finish_and_clear(),
            length => self.bar.inc(length as u64),
        }
        Ok(length)
    }
}
