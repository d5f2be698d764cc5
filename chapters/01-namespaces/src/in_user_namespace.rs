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

/// The inode of the user namespace that owns this process's network namespace: ioctl_nsfs(2).
/// `None` if it is above ours, and so none of our business.
pub fn network_namespace_owner() -> Option<u64> {
    let namespace = File::open("/proc/self/ns/net").ok()?;
    let owner = File::from(sys::owner_of(namespace.as_fd()).ok()?);
    owner.metadata().ok().map(|meta| meta.ino())
}
