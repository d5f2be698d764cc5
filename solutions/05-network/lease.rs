//! Exercise 5.3b: no two containers with one address.
//!
//! A lease is a file that is called after its container and has the address in it. As long as the
//! container runs, the file is locked: flock(2). Whoever ends, by whatever signal, loses the lock,
//! and so the address is free again. Read `File::lock` and `File::try_lock` in std's documentation;
//! check with `cargo wb check 5.3b`.

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
    // todo!("under a lock: which are taken, remove what nobody holds, take the lowest that is free")
    // wb:end
}

// wb:answer
fn open(path: &Path) -> Result<File> {
    File::open(path).with_context(|| format!("opening {}", path.display()))
}
// wb:starter
// wb:end
