//! Networks and endpoints on disk: networks are data and outlive a boot, leases and endpoints go
//! with the containers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use ch01_namespaces::{Failure, RecordedProcess, Store, StoreFlags, is_id, new_id, open_lock, remove_debris};
use ch04_unionfs::store::open_data_root;
use serde::{Deserialize, Serialize};

use super::{Network, subnet, take_down};
use crate::ports::Publish;

/// The network that containers are on unless they say otherwise, by Docker's name.
pub const DEFAULT: &str = "bridge";

/// Names that mean something else.
const RESERVED: [&str; 3] = ["none", "host", "container"];

/// All networks of one store.
#[derive(Debug, Clone)]
pub struct Networks {
    definitions: PathBuf,
    state: PathBuf,
    containers: PathBuf,
}

/// A container's place on a network: `endpoint.json` in its state directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The network's name.
    pub network: String,
    /// The address inside.
    pub address: Ipv4Addr,
    /// The container's host name.
    pub hostname: String,
    /// What else it is called on the network.
    pub name: Option<String>,
    /// Its published ports.
    pub ports: Vec<Publish>,
    /// The process that keeps the network, if it is in a user's own network namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<RecordedProcess>,
}

impl Endpoint {
    /// The file that it is kept in.
    pub const FILE: &str = "endpoint.json";

    /// Of a container, given its state directory; `None` if it is on no network.
    pub fn read(state_directory: &Path) -> Option<Endpoint> {
        serde_json::from_slice(&fs::read(state_directory.join(Endpoint::FILE)).ok()?).ok()
    }
}

impl Networks {
    /// Opens the store; begins it if there is none.
    pub fn open(flags: &StoreFlags) -> Result<Networks> {
        let containers = flags.open()?;
        let networks = Networks {
            definitions: open_data_root(flags, &containers)?.join("network"),
            state: containers.root().join("network"),
            containers: containers.root().into(),
        };
        for directory in [&networks.definitions, &networks.leases_root()] {
            fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
        }
        Ok(networks)
    }

    /// Where networks are defined: a file `NAME.json` for each.
    pub fn definitions(&self) -> &Path {
        &self.definitions
    }

    /// What is gone at boot: leases, the holder of a user's network namespace.
    pub fn state(&self) -> &Path {
        &self.state
    }

    pub(crate) fn containers(&self) -> &Path {
        &self.containers
    }

    /// Where leases are: a directory for each network.
    pub fn leases_root(&self) -> PathBuf {
        self.state.join("leases")
    }

    /// Whether any container has an address.
    pub fn has_leases(&self) -> bool {
        let Ok(networks) = fs::read_dir(self.leases_root()) else { return false };
        let leases = networks.flatten().filter_map(|network| fs::read_dir(network.path()).ok()).flatten().flatten();
        leases.into_iter().any(|lease| self.containers.join(lease.file_name()).is_dir())
    }

    /// A container's state directory.
    pub fn state_directory(&self, container: &str) -> PathBuf {
        self.containers.join(container)
    }

    /// Where a network's leases are: a file for each container.
    pub fn leases(&self, network: &str) -> PathBuf {
        self.leases_root().join(network)
    }

    /// The file that [`Networks::lock`] locks.
    pub(crate) fn lock_file(&self) -> PathBuf {
        self.state.join("lock")
    }

    /// While it is held, nobody else makes networks, or gives addresses away.
    pub fn lock(&self) -> Result<File> {
        let path = self.lock_file();
        let file = open_lock(&path).with_context(|| format!("cannot open {}", path.display()))?;
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(file)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.definitions.join(format!("{name}.json"))
    }

    /// A network by its name. The default one is defined when it is first asked for.
    pub fn find(&self, name: &str) -> Result<Network> {
        match self.read(name)? {
            Some(network) => Ok(network),
            None if name == DEFAULT => {
                let _alone = self.lock()?;
                match self.read(name)? {
                    Some(network) => Ok(network),
                    None => self.define(name, &Wishes::default()),
                }
            }
            None => Err(missing(name)),
        }
    }

    /// A network by its name, if it is defined.
    pub fn read(&self, name: &str) -> Result<Option<Network>> {
        check_name(name)?;
        let file = self.file(name);
        match fs::read(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            text => {
                let text = text.with_context(|| format!("cannot read {}", file.display()))?;
                serde_json::from_slice(&text).map(Some).with_context(|| format!("{} is damaged", file.display()))
            }
        }
    }

    /// When a network was made: its definition is written once.
    pub fn created(&self, name: &str) -> Option<SystemTime> {
        fs::metadata(self.file(name)).ok()?.modified().ok()
    }

    /// All networks, by name.
    pub fn all(&self) -> Result<BTreeMap<String, Network>> {
        let entries =
            fs::read_dir(&self.definitions).with_context(|| format!("cannot read {}", self.definitions.display()))?;
        let names = entries.filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            name.strip_suffix(".json").map(String::from)
        });
        names.filter_map(|name| Some(self.read(&name).transpose()?.map(|network| (name, network)))).collect()
    }

    /// Defines a network; its bridge is made when the first container needs it.
    pub fn create(&self, name: &str, wishes: &Wishes) -> Result<Network> {
        check_name(name)?;
        let _alone = self.lock()?;
        if self.read(name)?.is_some() {
            bail!("the network {name} already exists\ncure: choose another name, or first: network rm {name}");
        }
        self.define(name, wishes)
    }

    /// The caller holds the lock.
    fn define(&self, name: &str, wishes: &Wishes) -> Result<Network> {
        let others: Vec<Network> = self.all()?.into_values().collect();
        let mut network = subnet::decide(name, wishes, &others, &subnet::Machine::observe()?)?;
        network.id = new_id()?;
        let (file, new) = (self.file(name), self.definitions.join(format!(".{name}.new")));
        fs::write(&new, serde_json::to_vec_pretty(&network)?)
            .and_then(|()| fs::rename(&new, &file))
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(network)
    }

    /// Refuses a network that was removed since it was looked up, or made anew. The caller holds the
    /// lock.
    pub(crate) fn expect_defined(&self, network: &Network) -> Result<()> {
        if self.read(&network.name)?.as_ref() != Some(network) {
            let name = &network.name;
            bail!("the network {name} was removed while the container was being made\ncure: run it again");
        }
        Ok(())
    }

    /// Removes a network; refused while containers are on it. Its definition goes last: as long as it
    /// is there, this can be done again after a `kill -9`.
    pub fn remove(&self, name: &str) -> Result<()> {
        // What makers that were killed have left keeps no network.
        remove_debris(&self.store()?)?;
        let _alone = self.lock()?;
        let network = self.read(name)?.ok_or_else(|| missing(name))?;
        if let Some(container) = self.users(name)?.first() {
            bail!("the network {name} is in use by container {}\ncure: remove that first: rm -f {0}", &container[..12]);
        }
        take_down(&network)?;
        let _ = fs::remove_dir_all(self.leases(name));
        fs::remove_file(self.file(name)).with_context(|| format!("cannot remove the network {name}"))
    }

    /// The ids of containers that are on a network, or have an address there already, being made.
    fn users(&self, name: &str) -> Result<BTreeSet<String>> {
        let mut users: BTreeSet<String> = self.on_network(name)?.into_keys().collect();
        let leases = fs::read_dir(self.leases(name)).into_iter().flatten().flatten();
        let leases = leases.filter_map(|lease| lease.file_name().into_string().ok());
        users.extend(leases.filter(|id| is_id(id) && self.containers.join(id).is_dir()));
        Ok(users)
    }

    /// The containers on a network, by id.
    pub fn on_network(&self, name: &str) -> Result<BTreeMap<String, Endpoint>> {
        let mut found = BTreeMap::new();
        let entries =
            fs::read_dir(&self.containers).with_context(|| format!("cannot read {}", self.containers.display()))?;
        for entry in entries.flatten() {
            let Ok(id) = entry.file_name().into_string() else { continue };
            if is_id(&id)
                && let Some(endpoint) = Endpoint::read(&entry.path())
                && endpoint.network == name
            {
                found.insert(id, endpoint);
            }
        }
        Ok(found)
    }

    /// The store of containers, for who looks one up.
    pub fn store(&self) -> Result<Store> {
        Store::open(&self.containers)
    }
}

/// As with a container that isn't there, the status is 1.
fn missing(name: &str) -> anyhow::Error {
    Failure::new(1, format!("there is no network {name:?}\ncure: network create {name}; or one of: network ls")).into()
}

/// What a person wants of a new network.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Its subnet; a free one if not given.
    pub subnet: Option<ipnet::Ipv4Net>,
    /// The bridge's address; the subnet's first if not given.
    pub gateway: Option<Ipv4Addr>,
    /// No way out.
    pub internal: bool,
    /// The bridge's name.
    pub bridge: Option<String>,
    /// The largest packet.
    pub mtu: Option<u32>,
    /// Whatever people note.
    pub labels: BTreeMap<String, String>,
}

/// Names become file names, and parts of `--network`.
fn check_name(name: &str) -> Result<()> {
    let edge = name.chars().next().is_some_and(|first| first.is_ascii_alphanumeric());
    if !edge || name.len() > 64 || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) {
        bail!("invalid network name {name:?}: use a letter or digit, then letters, digits, '_', '.' or '-'");
    }
    if RESERVED.contains(&name) {
        bail!("the name {name:?} is taken: --network {name} means something else");
    }
    Ok(())
}
