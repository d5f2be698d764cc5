//! What a later chapter keeps on disk.

use std::path::PathBuf;

use super::Change;

/// A file whose changes are events: chapter 8's index of images.
pub trait Source: Send {
    /// The file. It is replaced by rename(2).
    fn file(&self) -> PathBuf;

    /// What it tells of the past, when a daemon starts.
    fn past(&mut self) -> Vec<Change>;

    /// What has changed in it since it was last read.
    fn changes(&mut self) -> Vec<Change>;
}
