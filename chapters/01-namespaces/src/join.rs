//! Being cloned into namespaces that exist already.

use std::os::fd::{AsFd, OwnedFd};

use anyhow::{Result, bail};

use crate::namespaces::Namespace;
use crate::sys;

/// Runs `clone` with the namespaces joined, and goes back afterwards.
pub(crate) fn while_joined<T>(join: &[(Namespace, OwnedFd)], clone: impl FnOnce() -> Result<T>) -> Result<T> {
    let _ = (join.first().map(|(_, fd)| fd.as_fd()), sys::threads);
    if !join.is_empty() {
        bail!("joining is not built yet");
    }
    clone()
}
