//! The verbs about images.

mod build;
mod images;
mod transfer;

pub use build::Build;
pub use images::{History, Images, Rmi, Tag};
pub use transfer::{Import, Load, Pull, Save, pull_telling};

use anyhow::Result;
use ch01_namespaces::StoreFlags;

use crate::layout::ImageStore;

/// The store, for work on its files: an ordinary user does that as root of a namespace of their
/// own, as the daemon does.
fn open_to_write(store: &StoreFlags) -> Result<ImageStore> {
    ch07_daemon::daemon::enter_users_namespace(store)?;
    ImageStore::open(store)
}
