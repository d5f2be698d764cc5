//! Addresses for containers: IP address management.
//!
//! A lease is a file named after its container, with the address in it. So giving it back is
//! removing a file that is nobody else's, and a container that is gone is seen to be gone.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::{Network, Networks};

impl Networks {
    /// The file of a container's lease.
    pub fn lease(&self, network: &Network, container: &str) -> PathBuf {
        self.leases(&network.name).join(container)
    }

    // ANCHOR: allocate
    /// Gives a container the lowest free address. The network's address, the gateway's address and the
    /// broadcast address are never free. From here on the network can't be removed.
    pub fn allocate(&self, network: &Network, container: &str) -> Result<Ipv4Addr> {
        let _alone = self.lock()?;
        self.expect_defined(network)?;
        let directory = self.leases(&network.name);
        fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
        let mut taken = BTreeSet::from([network.gateway]);
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            if !self.containers().join(entry.file_name()).is_dir() {
                // The container is gone, but its address was not released.
                let _ = fs::remove_file(entry.path());
                continue;
            }
            // A damaged lease was interrupted by a crash, before its container got the address.
            let lease = fs::read_to_string(entry.path()).unwrap_or_default();
            taken.extend(lease.trim().parse::<Ipv4Addr>());
        }
        // `hosts` omits the first and the last address of the subnet.
        let Some(free) = network.subnet.hosts().find(|address| !taken.contains(address)) else {
            bail!(
                "no address is free in the network {} ({}): {} containers have one\n\
                 cure: remove some; or make a larger network: network create --subnet …",
                network.name,
                network.subnet,
                taken.len() - 1
            );
        };
        let lease = self.lease(network, container);
        fs::write(&lease, free.to_string()).with_context(|| format!("cannot write {}", lease.display()))?;
        Ok(free)
    }
    // ANCHOR_END: allocate
}
