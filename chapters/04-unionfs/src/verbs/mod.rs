//! The verbs of this chapter: each a struct of flags that knows how to act.

mod container;
mod info;
mod layer;
mod progress;

pub use container::{Commit, Diff};
pub use info::Info;
pub use layer::{Layer, format_size};

use clap::ValueEnum;

/// How something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns, for people.
    Table,
    /// One JSON value, for tools.
    Json,
}
