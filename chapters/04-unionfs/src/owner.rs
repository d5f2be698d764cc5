//! In which user namespace layers are read and written.
//!
//! A layer's files belong to many ids. Root may give files to any of them. An ordinary user may
//! not, except to ids that are mapped into a user namespace of theirs: so all work on layers is
//! done inside one, with the same map as their containers have, and a file that is root's inside is
//! the user's outside.

use anyhow::Result;
use ch01_namespaces::{Elsewhere, Privilege, work_in};
use serde::{Serialize, de::DeserializeOwned};

use crate::open_files::ManyOpenFiles;

// ANCHOR: as_owner
/// Runs work on the files of layers as their owner: in this process if it is root, otherwise in a
/// new user namespace.
pub fn as_owner<T: Serialize + DeserializeOwned>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let _deep = ManyOpenFiles::allow();
    if Privilege::current().is_root() {
        return work();
    }
    Ok(work_in(Elsewhere::new_user_namespace(), || work().map(|value| (value, Vec::new())))?.0)
}
// ANCHOR_END: as_owner
