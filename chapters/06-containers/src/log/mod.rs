//! A container's log, in Docker's json-file format: one object a line,
//! `{"log":"text\n","stream":"stdout","time":"…"}`.

mod escape;
mod read;
mod write;

pub use read::{LogOptions, LogReader};
pub use write::LogWriter;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// One line that a container wrote; or a piece of one, if it doesn't end with a newline. Borrowed
/// where it can be: a log has millions of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<'a> {
    /// What it wrote.
    #[serde(borrow)]
    pub log: Cow<'a, str>,
    /// `stdout` or `stderr`.
    #[serde(borrow)]
    pub stream: Cow<'a, str>,
    /// When: RFC 3339, to the nanosecond.
    #[serde(borrow)]
    pub time: Cow<'a, str>,
}

#[cfg(test)]
impl Entry<'_> {
    /// One that may be kept.
    fn into_owned(self) -> Entry<'static> {
        let owned = |text: Cow<str>| Cow::Owned(text.into_owned());
        Entry { log: owned(self.log), stream: owned(self.stream), time: owned(self.time) }
    }
}
