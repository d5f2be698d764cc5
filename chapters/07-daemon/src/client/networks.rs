//! Networks that a daemon has.

use anyhow::{Context, Result};
use ch05_network::network::{Network, Wishes};
use ch05_network::verbs::NetworkStore;
use serde_json::{Map, Value, json};

use super::Remote;
use super::path::Path;

/// Options of the driver's, as Docker names them.
const BRIDGE: &str = "com.docker.network.bridge.name";
const MTU: &str = "com.docker.network.driver.mtu";

/// A network of the API's as one of ours; none if it isn't a bridge.
fn network_of(shown: &Value) -> Option<Network> {
    let pool = &shown["IPAM"]["Config"][0];
    let option = |key: &str| shown["Options"][key].as_str();
    Some(Network {
        name: shown["Name"].as_str()?.into(),
        id: shown["Id"].as_str()?.into(),
        bridge: option(BRIDGE).unwrap_or_default().into(),
        subnet: pool["Subnet"].as_str()?.parse().ok()?,
        gateway: pool["Gateway"].as_str()?.parse().ok()?,
        internal: shown["Internal"] == true,
        mtu: option(MTU).and_then(|text| text.parse().ok()),
        labels: serde_json::from_value(shown["Labels"].clone()).unwrap_or_default(),
    })
}

impl NetworkStore for Remote {
    fn create(&self, name: &str, wishes: &Wishes) -> Result<()> {
        let mut pool = Map::new();
        if let Some(subnet) = wishes.subnet {
            pool.insert("Subnet".into(), subnet.to_string().into());
        }
        if let Some(gateway) = wishes.gateway {
            pool.insert("Gateway".into(), gateway.to_string().into());
        }
        let mut options = Map::new();
        if let Some(bridge) = &wishes.bridge {
            options.insert(BRIDGE.into(), bridge.clone().into());
        }
        if let Some(mtu) = wishes.mtu {
            options.insert(MTU.into(), mtu.to_string().into());
        }
        let pools = if pool.is_empty() { json!([]) } else { json!([pool]) };
        let body = json!({
            "Name": name, "Driver": "bridge", "Internal": wishes.internal, "CheckDuplicate": true, "Options": options,
            "IPAM": {"Driver": "default", "Config": pools}, "Labels": wishes.labels,
        });
        self.post(Path::new(&["networks", "create"]), Some(&body)).map(drop)
    }

    fn all(&self) -> Result<Vec<Network>> {
        let all: Vec<Value> = self.get(Path::new(&["networks"]))?;
        let mut all: Vec<Network> = all.iter().filter_map(network_of).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    /// Who is on it is told by name and address: the API has no more.
    fn inspect(&self, name: &str) -> Result<Value> {
        let shown: Value = self.get(Path::new(&["networks", name]))?;
        let network = network_of(&shown).with_context(|| format!("network {name} is not a bridge"))?;
        let mut object = serde_json::to_value(network)?;
        let on = shown["Containers"].as_object().cloned().unwrap_or_default();
        let on = on.iter().map(|(id, container)| {
            let address = container["IPv4Address"].as_str().and_then(|text| text.split('/').next());
            (id.clone(), json!({"name": container["Name"], "address": address}))
        });
        object["containers"] = Value::Object(on.collect());
        Ok(object)
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.delete(Path::new(&["networks", name]))
    }
}
