//! The container network model, by libnetwork's names: a *sandbox* is a network namespace, an
//! *endpoint* is a veth pair, and a *network* is a bridge with a subnet and rules. A sandbox joins
//! a network by an endpoint.

pub mod bring_up;
mod ipam;
mod store;
mod subnet;

use bring_up::take_down;
pub use store::{DEFAULT, Endpoint, Networks, Wishes};

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ch04_unionfs::digest::Digest;
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

/// A network, as it is kept on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// What people call it.
    pub name: String,
    /// Of this definition alone: names and bridges may be the same in another data root.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The name of its bridge: at most 15 bytes.
    pub bridge: String,
    /// Its addresses.
    pub subnet: Ipv4Net,
    /// The bridge's own address, by which containers get out.
    pub gateway: Ipv4Addr,
    /// Whether there is no way out.
    pub internal: bool,
    /// The largest packet; the kernel's default if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// Whatever people note.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

impl Network {
    /// Its id. A network that an earlier version defined has none of its own: a digest of its name is
    /// one that stays.
    pub fn stable_id(&self) -> String {
        if self.id.is_empty() { Digest::compute(self.name.as_bytes()).hex() } else { self.id.clone() }
    }

    /// Whether it has a label: `NAME`, or `NAME=VALUE`.
    pub fn has_label(&self, label: &str) -> bool {
        match label.split_once('=') {
            Some((name, value)) => self.labels.get(name).is_some_and(|known| known == value),
            None => self.labels.contains_key(label),
        }
    }

    /// An address with the length of the network's prefix: what an interface is given.
    pub fn with_prefix(&self, address: Ipv4Addr) -> Ipv4Net {
        // The length comes from a subnet, so it is one.
        Ipv4Net::new(address, self.subnet.prefix_len()).unwrap_or(self.subnet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_an_earlier_version_is_read_and_has_no_labels() {
        let old =
            r#"{"name": "web", "bridge": "cor0", "subnet": "10.1.0.0/24", "gateway": "10.1.0.1", "internal": false}"#;
        let network: Network = serde_json::from_str(old).unwrap();
        assert!(network.labels.is_empty() && !network.has_label("any") && network.stable_id().len() == 64);
        let labels = BTreeMap::from([("tier".to_string(), "web".to_string())]);
        let network = Network { labels, ..network };
        assert!(network.has_label("tier") && network.has_label("tier=web") && !network.has_label("tier=db"));
        let text = serde_json::to_string(&network).unwrap();
        assert_eq!(serde_json::from_str::<Network>(&text).unwrap(), network);
    }
}
