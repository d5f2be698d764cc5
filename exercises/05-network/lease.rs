//! Exercise 5.3b: lease an address.
//!
//! A lease is a file that is named after its container and contains the container's address. As
//! long as the container runs, its process holds a lock on the file: flock(2). When the process
//! ends, for whatever reason, the kernel releases the lock, and the address is free again. Read
//! about `File::lock` and `File::try_lock` in std's documentation. Check with `cargo wb check
//! 5.3b`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use given::Subnet;

/// Takes the lowest free address of the subnet, and keeps it as long as this process runs. The
/// network's own address, the gateway's address and the broadcast address (the last one) are never
/// free.
///
/// `leases` is an existing directory. Each container has a file in it, which is named after the
/// container, contains its address, and is locked by its process. A file without a lock belongs to
/// a container that has ended. `leases/.lock` exists, and serves as a lock on the directory.
///
/// Returns an error if no address is free.
pub fn lease(leases: &Path, subnet: Subnet, container: &str) -> Result<Ipv4Addr> {
    todo!("hold the lock; find the taken addresses, remove stale leases, take the lowest free one")
}
