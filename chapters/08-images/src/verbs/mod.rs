//! The verbs about images.

mod build;
mod image;
mod images;
mod system;
mod transfer;

pub use build::Build;
pub use image::{Image, commit, inspect};
pub use images::{History, Images, Prune, Rmi, Tag};
pub use system::{Completion, Man, System};
pub use transfer::{Import, Load, Pull, Save, pull_telling, telling};

use anyhow::Result;
use ch01_namespaces::StoreFlags;
use clap::ValueEnum;

use crate::layout::ImageStore;

/// How something is shown.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Columns, for people.
    Table,
    /// One value, for programs.
    Json,
}

/// The store, for work on its files: an ordinary user does that as root of a namespace of their
/// own, as the daemon does.
pub fn open_to_write(store: &StoreFlags) -> Result<ImageStore> {
    ch07_daemon::daemon::enter_users_namespace(store)?;
    ImageStore::open(store)
}
