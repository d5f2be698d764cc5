//! Being in a user namespace, and whose a network namespace is.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result};
use nix::unistd::{Gid, Uid, setgid, setuid};

use crate::namespaces::{Namespace, Namespaces};
use crate::steps::Why;
use crate::sys;

/// Moves this process into a user namespace, and makes it root there. There is no way back.
pub fn enter_user_namespace(why: &'static Why, namespace: BorrowedFd<'_>) -> Result<()> {
    sys::setns(why, namespace, Namespaces::none().with(Namespace::User))?;
    setgid(Gid::from_raw(0)).context("setgid: cannot become root of the user namespace")?;
    setuid(Uid::from_raw(0)).context("setuid: cannot become root of the user namespace")
}

/// Whether this process is root of the machine: in its first user namespace, which alone maps every id to itself
/// (user_namespaces(7)). "User id 0" is not enough: everybody is that in a user namespace of their own.
pub fn is_root_of_the_machine() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    Uid::effective().is_root() && map.split_whitespace().eq(["0", "0", "4294967295"])
}

/// The inode of the user namespace that owns this process's network namespace: ioctl_nsfs(2). `None` if it is above ours, and
/// so none of our business.
pub fn network_namespace_owner() -> Option<u64> {
    let namespace = File::open("/proc/self/ns/net").ok()?;
    let owner = File::from(sys::owner_of(namespace.as_fd()).ok()?);
    owner.metadata().ok().map(|meta| meta.ino())
}
