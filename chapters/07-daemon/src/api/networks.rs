//! Networks.

use std::time::UNIX_EPOCH;

use ch05_network::network::{Network, Networks, Wishes};
use ch06_containers::from_seconds;
use serde_json::{Value, json};

use super::body::{json as answer_json, no_content, ok, read};
use super::error::{Answer, ApiError};
use super::fields;
use super::prune::{self, Chosen};
use super::router::Call;
use super::system::blocking;
use crate::daemon::{Change, Daemon, Kind};

/// What has always been there.
const NEVER: &str = "2020-01-01T00:00:00Z";

fn created(networks: &Networks, name: &str) -> String {
    let since = networks.created(name).and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or_else(|| NEVER.into(), |since| from_seconds(since.as_secs() as i64))
}

fn to_json(networks: &Networks, network: &Network) -> Value {
    let on: serde_json::Map<String, Value> = networks
        .on_network(&network.name)
        .unwrap_or_default()
        .into_iter()
        .map(|(id, endpoint)| {
            let address = network.with_prefix(endpoint.address).to_string();
            (id, json!({"Name": endpoint.name, "EndpointID": "", "MacAddress": "", "IPv4Address": address, "IPv6Address": ""}))
        })
        .collect();
    let mut options = json!({"com.docker.network.bridge.name": network.bridge});
    if let Some(mtu) = network.mtu {
        options["com.docker.network.driver.mtu"] = mtu.to_string().into();
    }
    json!({
        "Name": network.name, "Id": network.stable_id(), "Created": created(networks, &network.name), "Scope": "local",
        "Driver": "bridge", "EnableIPv4": true, "EnableIPv6": false,
        "IPAM": {"Driver": "default", "Options": null, "Config": [{"Subnet": network.subnet.to_string(), "Gateway": network.gateway.to_string()}]},
        "Internal": network.internal, "Attachable": false, "Ingress": false, "ConfigFrom": {"Network": ""},
        "ConfigOnly": false, "Containers": on, "Options": options, "Labels": network.labels,
    })
}

/// An id for what is no network: `host` and `none`.
fn digest_of(name: &str) -> String {
    ch04_unionfs::digest::Digest::compute(name.as_bytes()).hex()
}

fn special(name: &str) -> Value {
    json!({
        "Name": name, "Id": digest_of(name), "Created": NEVER, "Scope": "local",
        "Driver": if name == "none" { "null" } else { name }, "EnableIPv4": true, "EnableIPv6": false,
        "IPAM": {"Driver": "default", "Options": null, "Config": []}, "Internal": false, "Attachable": false,
        "Ingress": false, "ConfigFrom": {"Network": ""}, "ConfigOnly": false, "Containers": {}, "Options": {}, "Labels": {},
    })
}

fn find(networks: &Networks, name: &str) -> anyhow::Result<Value> {
    for known in ["host", "none"] {
        if name == known || digest_of(known).starts_with(name) && name.len() >= 12 {
            return Ok(special(known));
        }
    }
    let by_id = networks.all()?.into_values().find(|network| name.len() >= 12 && network.stable_id().starts_with(name));
    match by_id {
        Some(network) => Ok(to_json(networks, &network)),
        None => match networks.find(name) {
            Ok(network) => Ok(to_json(networks, &network)),
            Err(error) => Err(error.context(format!("no such network: network {name} not found"))),
        },
    }
}

/// All, the default one among them.
pub async fn list(daemon: Daemon, call: Call) -> Answer {
    let filters = call.query.filters_of(&["name", "id", "driver", "scope", "type", "label", "dangling"])?;
    let is_dangling = prune::switch(&call.query, "dangling")?;
    let all = blocking(move || {
        let networks = Networks::open(daemon.engine.flags())?;
        networks.find(ch05_network::network::DEFAULT)?;
        let mut all: Vec<Value> = networks.all()?.values().map(|network| to_json(&networks, network)).collect();
        all.extend(["host", "none"].map(special));
        all.retain(|network| filters.iter().all(|(name, values)| fits(network, name, values)));
        if let Some(is_dangling) = is_dangling {
            let is_used = |network: &Value| network["Containers"].as_object().is_some_and(|on| !on.is_empty());
            all.retain(|network| (!is_builtin(network) && !is_used(network)) == is_dangling);
        }
        Ok(all)
    })
    .await?;
    ok(&all)
}

fn is_builtin(network: &Value) -> bool {
    ["bridge", "host", "none"].iter().any(|name| network["Name"] == *name)
}

/// Whether a network is chosen by one filter; `dangling` is looked at by itself.
fn fits(network: &Value, filter: &str, values: &[String]) -> bool {
    let text = |key: &str| network[key].as_str().unwrap_or_default();
    values.is_empty()
        || values.iter().any(|value| match filter {
            "name" => text("Name").contains(value.as_str()),
            "id" => text("Id").starts_with(value.as_str()),
            "driver" => text("Driver") == value,
            "scope" => value == "local",
            "type" => value == if is_builtin(network) { "builtin" } else { "custom" },
            "label" => match value.split_once('=') {
                Some((label, value)) => network["Labels"][label] == value,
                None => !network["Labels"][value.as_str()].is_null(),
            },
            _ => true,
        })
}

/// What a network may be asked to be.
fn example() -> Value {
    let texts = json!({"*": ""});
    json!({
        "Name": "", "CheckDuplicate": false, "Driver": "", "Scope": "", "Internal": false, "Attachable": false,
        "EnableIPv4": true, "EnableIPv6": false, "Options": texts, "Labels": texts,
        "IPAM": {"Driver": "", "Config": [{"Subnet": "", "Gateway": ""}]},
    })
}

/// Makes one.
pub async fn create(daemon: Daemon, call: Call) -> Answer {
    let body = read(call.request.into_body()).await?;
    let asked = fields::read(&body, &example())?;
    let refuse = |what: &str| Err(ApiError::bad(format!("invalid request: {what} is not supported by Coracle")));
    if !matches!(asked["Scope"].as_str(), None | Some("" | "local")) {
        return refuse("another Scope than local");
    }
    if !matches!(asked["IPAM"]["Driver"].as_str(), None | Some("" | "default")) {
        return refuse("another IPAM.Driver than default");
    }
    if asked["IPAM"]["Config"].as_array().is_some_and(|pools| pools.len() > 1) {
        return refuse("a network with more than one subnet");
    }
    if asked["EnableIPv4"] == false {
        return refuse("a network without IPv4");
    }
    let mtu = asked["Options"]["com.docker.network.driver.mtu"].as_str().map(str::parse).transpose();
    let mtu = mtu.map_err(|_| ApiError::bad("invalid com.docker.network.driver.mtu: it is not a number"))?;
    if asked["Driver"].as_str().is_some_and(|driver| !driver.is_empty() && driver != "bridge" && driver != "default") {
        return Err(ApiError::bad(format!("the network driver {} is not supported: there is bridge", asked["Driver"])));
    }
    // An option that isolates, such as enable_icc=false, must not be lost.
    const KNOWN: [&str; 2] = ["com.docker.network.bridge.name", "com.docker.network.driver.mtu"];
    for (option, value) in asked["Options"].as_object().into_iter().flatten() {
        let is_default =
            value == "true" && (option.ends_with(".enable_icc") || option.ends_with(".enable_ip_masquerade"));
        if !KNOWN.contains(&option.as_str()) && !is_default {
            return Err(ApiError::bad(format!("invalid request: the option {option} is not supported: omit it")));
        }
    }
    let mut warnings = Vec::new();
    if asked["Attachable"] == true {
        warnings.push("Attachable has no effect in Coracle: there are no swarms");
    }
    if asked["EnableIPv6"] == true {
        warnings.push("IPv6 is not supported by Coracle: the network has IPv4 only");
    }
    let warning = warnings.join("; ");
    let name = asked["Name"].as_str().unwrap_or_default().to_string();
    let pool = &asked["IPAM"]["Config"][0];
    let parsed = |key: &str| pool[key].as_str().filter(|text| !text.is_empty()).map(String::from);
    let wishes = Wishes {
        subnet: parsed("Subnet").map(|text| text.parse()).transpose().map_err(|_| ApiError::bad("invalid subnet"))?,
        gateway: parsed("Gateway")
            .map(|text| text.parse())
            .transpose()
            .map_err(|_| ApiError::bad("invalid gateway"))?,
        internal: asked["Internal"].as_bool().unwrap_or(false),
        bridge: asked["Options"]["com.docker.network.bridge.name"].as_str().map(String::from),
        mtu,
        labels: serde_json::from_value(asked["Labels"].clone()).unwrap_or_default(),
    };
    let made = blocking(move || Networks::open(daemon.engine.flags())?.create(&name, &wishes)).await?;
    Ok(answer_json(hyper::StatusCode::CREATED, &json!({"Id": made.stable_id(), "Warning": warning})))
}

/// One.
pub async fn inspect(daemon: Daemon, name: String) -> Answer {
    ok(&blocking(move || find(&Networks::open(daemon.engine.flags())?, &name)).await?)
}

/// Removes one.
pub async fn remove(daemon: Daemon, name: String) -> Answer {
    blocking(move || {
        let networks = Networks::open(daemon.engine.flags())?;
        let found = find(&networks, &name)?;
        let name = found["Name"].as_str().unwrap_or_default().to_string();
        networks.remove(&name)
    })
    .await?;
    no_content()
}

/// Removes all that no container is on, but for the default one.
pub async fn prune(daemon: Daemon, call: Call) -> Answer {
    let chosen = Chosen::from_query(&call.query, &["label", "label!", "until"])?;
    let gone = blocking(move || {
        let networks = Networks::open(daemon.engine.flags())?;
        let mut gone = Vec::new();
        for (name, network) in networks.all()? {
            let created = created(&networks, &name);
            let is_chosen = name != ch05_network::network::DEFAULT && chosen.includes(&network.labels, &created);
            if is_chosen && networks.on_network(&name)?.is_empty() {
                networks.remove(&name)?;
                gone.push(name);
            }
        }
        daemon.changes.tell(Change::pruned(Kind::Network));
        Ok(gone)
    })
    .await?;
    ok(&json!({"NetworksDeleted": gone}))
}
