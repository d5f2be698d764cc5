//! A list of containers.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde_json::json;

use super::inspect::{mounts, network_settings};
use super::{ListRequest, Local, Port, Summary};
use crate::ago;
use crate::record::{Record, Status};

impl Local {
    /// Containers, the newest first.
    pub fn list(&self, request: &ListRequest) -> Result<Vec<Summary>> {
        let filters = Filters::new(request.filters.clone())?;
        let all = request.all || request.limit.is_some() || filters.names_a_status();
        let mut records = self.records().all()?;
        records.reverse();
        records.retain(|record| (all || record.state.is_active()) && filters.matches(record));
        records.truncate(request.limit.unwrap_or(usize::MAX));
        Ok(records.iter().map(|record| self.summary(record)).collect())
    }

    fn summary(&self, record: &Record) -> Summary {
        let endpoint = self.endpoint(record);
        let mut ports: Vec<Port> = endpoint
            .iter()
            .flat_map(|endpoint| &endpoint.ports)
            .map(|port| Port {
                ip: port.ip.to_string(),
                private_port: port.container,
                public_port: port.host,
                kind: "tcp".into(),
            })
            .collect();
        let exposed = record.config.exposed_ports.iter().filter(|_| endpoint.is_some());
        for port in exposed {
            let (number, kind) = port.split_once('/').unwrap_or((port, "tcp"));
            let private_port = number.parse().unwrap_or_default();
            if !ports.iter().any(|known| known.private_port == private_port && known.kind == kind) {
                ports.push(Port { private_port, kind: kind.into(), ..Port::default() });
            }
        }
        let mode = match &endpoint {
            Some(endpoint) => endpoint.network.clone(),
            None => record.host.api["NetworkMode"].as_str().unwrap_or("default").into(),
        };
        let (network_settings, _) = network_settings(self, endpoint.as_ref(), &record.config.exposed_ports);
        Summary {
            id: record.id.clone(),
            names: vec![format!("/{}", record.name)],
            image: record.image.clone(),
            image_id: record.image(),
            command: record.config.command().join(" "),
            created: crate::seconds_of(&record.created),
            ports,
            labels: record.config.labels.clone(),
            state: record.state.status.to_string(),
            status: status_text(record),
            host_config: json!({"NetworkMode": mode}),
            network_settings: json!({"Networks": network_settings["Networks"]}),
            mounts: mounts(self, record).into(),
        }
    }
}

/// Docker's words: "Up 5 minutes", "Exited (0) 2 hours ago".
pub fn status_text(record: &Record) -> String {
    let state = &record.state;
    match state.status {
        Status::Created => "Created".into(),
        Status::Running => format!("Up {}", ago(&state.started_at)),
        Status::Paused => format!("Up {} (Paused)", ago(&state.started_at)),
        Status::Restarting => format!("Restarting ({}) {} ago", state.exit_code, ago(&state.finished_at)),
        Status::Exited => format!("Exited ({}) {} ago", state.exit_code, ago(&state.finished_at)),
        Status::Dead => "Dead".into(),
    }
}

/// What `--filter` says, by name.
#[derive(Debug, Default)]
pub struct Filters(BTreeMap<String, Vec<String>>);

impl Filters {
    /// From names and values.
    pub fn new(all: BTreeMap<String, Vec<String>>) -> Result<Filters> {
        const KNOWN: [&str; 6] = ["id", "name", "status", "label", "ancestor", "exited"];
        match all.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            Some(unknown) => {
                bail!("Invalid filter '{unknown}': there are {}", KNOWN.join(", "))
            }
            None => Ok(Filters(all)),
        }
    }

    /// Whether it asks for a status: then all containers are looked at.
    pub fn names_a_status(&self) -> bool {
        self.0.contains_key("status") || self.0.contains_key("exited")
    }

    /// All names must match; of one name's values, any.
    pub fn matches(&self, record: &Record) -> bool {
        self.0.iter().all(|(name, values)| values.iter().any(|value| matches(name, value, record)))
    }
}

fn matches(name: &str, value: &str, record: &Record) -> bool {
    match name {
        "id" => record.id.starts_with(value),
        "name" => record.name.contains(value.trim_start_matches('/')),
        "status" => record.state.status.to_string() == value,
        "exited" => record.state.status == Status::Exited && record.state.exit_code.to_string() == value,
        "ancestor" => record.image == value || record.image_id.as_deref() == Some(value),
        "label" => match value.split_once('=') {
            Some((label, value)) => record.config.labels.get(label).is_some_and(|known| known == value),
            None => record.config.labels.contains_key(value),
        },
        _ => false,
    }
}
