//! diagnosis: not-given-back
//! made by: PITFALLS.md: a list says that an address is taken, and its taker is dead.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use given::Subnet;

pub fn lease(leases: &Path, subnet: Subnet, container: &str) -> Result<Ipv4Addr> {
    // Released when this function returns, as the file is closed.
    let one_at_a_time = open(&leases.join(".lock"))?;
    one_at_a_time.lock().with_context(|| format!("locking {}", leases.display()))?;

    let mut taken = BTreeSet::from([subnet.gateway()]);
    for entry in fs::read_dir(leases).with_context(|| format!("reading {}", leases.display()))? {
        let path = entry.context("reading the leases")?.path();
        if path.ends_with(".lock") {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        taken.extend(text.trim().parse::<Ipv4Addr>());
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
}

fn open(path: &Path) -> Result<File> {
    File::open(path).with_context(|| format!("opening {}", path.display()))
}
