//! In which user namespace layers are read and written.
//!
//! A layer's files belong to many ids. Root may give files to any of them. An ordinary user may not, except to ids that are
//! mapped into a user namespace of theirs: so all work on layers is done inside one, with the same map as their containers
//! have, and a file that is root's inside is the user's outside.

use anyhow::Result;
use ch01_namespaces::{Elsewhere, work_in};
use nix::unistd::Uid;
use serde::{Serialize, de::DeserializeOwned};

use crate::open_files::ManyOpenFiles;

/// Whether we are root already: of the machine, or of a user namespace that somebody else made.
pub fn is_mapped_root() -> bool {
    Uid::effective().is_root()
}

/// Whether we are root in the machine's first user namespace: the only one that maps every id to itself.
pub fn is_machine_root() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    is_mapped_root() && map.split_whitespace().eq(["0", "0", "4294967295"])
}

/// Does work on the files of layers as their owner: here if we are root, else in a new user namespace.
pub fn as_owner<T: Serialize + DeserializeOwned>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let _deep = ManyOpenFiles::allow();
    if is_mapped_root() {
        return work();
    }
    Ok(work_in(Elsewhere::new_user_namespace(), || work().map(|value| (value, Vec::new())))?.0)
}
