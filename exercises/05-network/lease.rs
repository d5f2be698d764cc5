//! Exercise 5.3b: no two containers with one address.
//!
//! A lease is a file that is called after its container and has the address in it. As long as the
//! container runs, the file is locked: flock(2). Whoever ends, by whatever signal, loses the lock,
//! and so the address is free again. Read `File::lock` and `File::try_lock` in std's documentation;
//! check with `cargo wb check 5.3b`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use given::Subnet;

/// Takes the lowest address of the subnet that is free, and keeps it for as long as this process
/// runs. The network's own address, the gateway's and the broadcast address (the last one) are
/// nobody's.
///
/// `leases` is a directory that is there. In it, each container has a file of its name, with its
/// address, which its process holds locked. Files that nobody holds are from containers that have
/// ended. `leases/.lock` is there, for a lock on the directory.
///
/// Fails, saying so, when no address is free.
pub fn lease(leases: &Path, subnet: Subnet, container: &str) -> Result<Ipv4Addr> {
    todo!("under a lock: which are taken, remove what nobody holds, take the lowest that is free")
}
