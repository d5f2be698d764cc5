//! What happens to networks: their definitions, and the containers' leases on them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::UNIX_EPOCH;

use ch05_network::network::{Network, Networks};

use super::{Change, Kind};

/// What is known of them.
pub(super) struct KnownNetworks {
    pub networks: Networks,
    all: BTreeMap<String, Network>,
    /// By network and container.
    leases: BTreeSet<(String, String)>,
}

impl KnownNetworks {
    pub fn new(networks: Networks) -> KnownNetworks {
        KnownNetworks { networks, all: BTreeMap::new(), leases: BTreeSet::new() }
    }

    /// All names, those that are only known among them.
    pub fn names(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.networks.definitions()).into_iter().flatten().flatten();
        let files = entries.filter_map(|entry| entry.file_name().into_string().ok());
        files.filter_map(|file| name_of(&file).map(String::from)).chain(self.all.keys().cloned()).collect()
    }

    /// Looks at one.
    pub fn look_at(&mut self, name: &str) -> Option<Change> {
        match self.networks.read(name).ok().flatten() {
            None => self.all.remove(name).map(|network| about(&network, "destroy")),
            Some(network) => {
                let known = self.all.insert(name.into(), network.clone());
                let is_new = known.is_none_or(|known| known.id != network.id);
                is_new.then(|| about(&network, "create"))
            }
        }
    }

    /// The time when one was made.
    pub fn made(&self, change: Change) -> Option<Change> {
        let since = self.networks.created(change.attributes.get("name")?)?.duration_since(UNIX_EPOCH).ok()?;
        Some(Change { nanoseconds: since.as_nanos() as i64, ..change })
    }

    /// The networks that have a directory of leases.
    pub fn leased(&self) -> Vec<String> {
        let entries = fs::read_dir(self.networks.leases_root()).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    /// All containers that have or had a lease on a network.
    pub fn containers(&self, network: &str) -> BTreeSet<String> {
        let entries = fs::read_dir(self.networks.leases(network)).into_iter().flatten().flatten();
        let known = self.leases.iter().filter(|(name, _)| name == network).map(|(_, container)| container.clone());
        entries.filter_map(|entry| entry.file_name().into_string().ok()).chain(known).collect()
    }

    /// Looks at a container's lease, which is `there` or isn't.
    pub fn lease(&mut self, network: &str, container: &str, is_there: bool) -> Option<Change> {
        let lease = (network.to_string(), container.to_string());
        let is_news = if is_there { self.leases.insert(lease) } else { self.leases.remove(&lease) };
        let known = self.all.get(network).filter(|_| is_news)?;
        Some(about(known, if is_there { "connect" } else { "disconnect" }).with("container", container))
    }
}

/// The network that a file defines.
pub(super) fn name_of(file: &str) -> Option<&str> {
    file.strip_suffix(".json").filter(|name| !name.starts_with('.'))
}

fn about(network: &Network, action: &str) -> Change {
    Change::new(Kind::Network, action, &network.stable_id())
        .with("name", &network.name)
        .with("type", "bridge")
        .with_labels(&network.labels)
}
