//! Exercise 5.3b: lease an address.
//!
//! A lease is a file that is named after its container and contains the container's address. As
//! long as the container runs, its process holds a lock on the file: flock(2). When the process
//! ends, for whatever reason, the kernel releases the lock, and the address is free again. Read
//! about `File::lock` and `File::try_lock` in std's documentation. Check with `cargo wb check
//! 5.3b`.

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
    // wb:answer
    // Released when this function returns, as the file is closed.
    let one_at_a_time = open(&leases.join(".lock"))?;
    one_at_a_time.lock().with_context(|| format!("locking {}", leases.display()))?;

    let mut taken = BTreeSet::from([subnet.gateway()]);
    for entry in fs::read_dir(leases).with_context(|| format!("reading {}", leases.display()))? {
        let path = entry.context("reading the leases")?.path();
        if path.ends_with(".lock") {
            continue;
        }
        match open(&path)?.try_lock() {
            Ok(()) => fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?,
            Err(_) => {
                let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
                taken.extend(text.trim().parse::<Ipv4Addr>());
            }
        }
    }
    let numbers = 1..subnet.size() - 1;
    let free = numbers.map(|number| subnet.address(number)).find(|address| !taken.contains(address));
    let Some(address) = free else { bail!("no address is free in {subnet}: remove a container") };

    let path = leases.join(container);
    let mut file = File::create_new(&path).with_context(|| format!("making {}", path.display()))?;
    file.lock().with_context(|| format!("locking {}", path.display()))?;
    write!(file, "{address}").with_context(|| format!("writing to {}", path.display()))?;
    given::keep_open(file);
    Ok(address)
    // wb:starter
    // todo!("hold the lock; find the taken addresses, remove stale leases, take the lowest free one")
    // wb:end
}

// wb:answer
fn open(path: &Path) -> Result<File> {
    File::open(path).with_context(|| format!("opening {}", path.display()))
}
// wb:starter
// wb:end
