//! A container's log, in Docker's json-file format: one object a line,
//! `{"log":"text\n","stream":"stdout","time":"…"}`.

mod read;
mod write;

pub use read::{LogOptions, LogReader};
pub use write::LogWriter;

use serde::{Deserialize, Serialize};

/// One line that a container wrote; or a piece of one, if it doesn't end with a newline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it wrote.
    pub log: String,
    /// `stdout` or `stderr`.
    pub stream: String,
    /// When: RFC 3339, to the nanosecond.
    pub time: String,
}
