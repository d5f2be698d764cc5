//! About the whole: ping, version, info, events, disk usage.

use std::collections::BTreeMap;
use std::fs;

use bytes::Bytes;
use hyper::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::body::{channel, full, ok};
use super::error::{Answer, ApiError};
use super::router::Call;
use super::{OLDEST, VERSION};
use crate::daemon::{Change, Daemon};

/// `OK`. (Its headers, which every answer has, say the version.)
pub fn ping() -> Answer {
    let mut response = Response::new(full("OK"));
    let text = hyper::header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, text);
    let none = hyper::header::HeaderValue::from_static("no-cache, no-store, must-revalidate");
    response.headers_mut().insert(hyper::header::CACHE_CONTROL, none);
    Ok(response)
}

fn kernel() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_string()
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Versions. The client prints only what the component `Engine` says.
pub fn version(_: &Daemon) -> Answer {
    let own = env!("CARGO_PKG_VERSION");
    let details = json!({
        "ApiVersion": VERSION, "MinAPIVersion": OLDEST, "Arch": architecture(), "Os": "linux", "BuildTime": "",
        "Experimental": "false", "GitCommit": "", "GoVersion": "none: Rust", "KernelVersion": kernel(),
    });
    ok(&json!({
        "Platform": {"Name": "Coracle"},
        "Components": [{"Name": "Engine", "Version": own, "Details": details}],
        "Version": own, "ApiVersion": VERSION, "MinAPIVersion": OLDEST, "GitCommit": "", "GoVersion": "none: Rust",
        "Os": "linux", "Arch": architecture(), "KernelVersion": kernel(), "BuildTime": "",
    }))
}

/// What this installation works with.
pub async fn info(daemon: Daemon) -> Answer {
    let value = blocking(move || {
        let engine = &daemon.engine;
        let records = engine.records().all()?;
        let with = |status: &str| records.iter().filter(|record| record.state.status.to_string() == status).count();
        let layers = engine.layers()?;
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let total = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse().ok());
        let total: u64 = total.unwrap_or_default();
        let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
        let system = system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("Linux").trim_matches('"');
        let v2 = std::path::Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
        let rootless = !ch01_namespaces::Privilege::current().is_machine_root();
        let mut security = vec!["name=seccomp,profile=builtin"];
        if rootless {
            security.push("name=rootless");
        }
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(json!({
            "ID": "coracle", "Containers": records.len(), "ContainersRunning": with("running"),
            "ContainersPaused": with("paused"), "ContainersStopped": with("exited") + with("created"),
            "Images": daemon.images.count(engine), "Driver": layers.driver().name().to_string(), "DriverStatus": [],
            "SystemStatus": null, "Plugins": {"Volume": ["local"], "Network": ["bridge", "host", "none"], "Authorization": null, "Log": ["json-file"]},
            "MemoryLimit": true, "SwapLimit": true, "KernelMemory": false, "CpuCfsPeriod": true, "CpuCfsQuota": true,
            "CPUShares": true, "CPUSet": true, "PidsLimit": true, "IPv4Forwarding": true,
            "BridgeNfIptables": false, "BridgeNfIp6tables": false, "Debug": false, "NFd": 0, "OomKillDisable": false,
            "NGoroutines": 0, "SystemTime": ch06_containers::now(), "LoggingDriver": "json-file",
            "CgroupDriver": "cgroupfs", "CgroupVersion": if v2 { "2" } else { "1" }, "NEventsListener": 0,
            "KernelVersion": kernel(), "OperatingSystem": system, "OSVersion": "", "OSType": "linux",
            "Architecture": std::env::consts::ARCH, "IndexServerAddress": "https://index.docker.io/v1/",
            "RegistryConfig": {"AllowNondistributableArtifactsCIDRs": [], "AllowNondistributableArtifactsHostnames": [], "InsecureRegistryCIDRs": ["127.0.0.0/8"], "IndexConfigs": {}, "Mirrors": []},
            "NCPU": cpus, "MemTotal": total * 1024, "GenericResources": null,
            "DockerRootDir": engine.flags().data_root(), "HttpProxy": "", "HttpsProxy": "", "NoProxy": "",
            "Name": nix::unistd::gethostname()?.to_string_lossy(), "Labels": [], "ExperimentalBuild": false,
            "ServerVersion": env!("CARGO_PKG_VERSION"),
            "Runtimes": {"coracle": {"path": "coracle"}}, "DefaultRuntime": "coracle",
            "Swarm": {"NodeID": "", "NodeAddr": "", "LocalNodeState": "inactive", "ControlAvailable": false, "Error": "", "RemoteManagers": null},
            "LiveRestoreEnabled": true, "Isolation": "", "InitBinary": "coracle",
            "ContainerdCommit": {"ID": "", "Expected": ""}, "RuncCommit": {"ID": "", "Expected": ""}, "InitCommit": {"ID": "", "Expected": ""},
            "SecurityOptions": security, "Warnings": null,
        }))
    })
    .await?;
    ok(&value)
}

/// Sizes.
pub async fn disk_usage(daemon: Daemon) -> Answer {
    let value = blocking(move || {
        let engine = &daemon.engine;
        let containers: Vec<Value> = engine
            .records()
            .all()?
            .iter()
            .map(|record| {
                json!({
                    "Id": record.id, "Names": [format!("/{}", record.name)], "Image": record.image, "SizeRw": 0,
                    "SizeRootFs": 0, "State": record.state.status.to_string(),
                    "Status": ch06_containers::engine::status_text(record), "Created": 0, "Command": "", "Mounts": [],
                })
            })
            .collect();
        let size: u64 = engine.layers()?.layers()?.iter().map(|layer| layer.size).sum();
        let volumes = engine.volumes().all()?;
        let volumes: Vec<Value> =
            volumes.iter().filter_map(|volume| engine.inspect_volume(&volume.name).ok()).collect();
        Ok(json!({"LayersSize": size, "Images": [], "Containers": containers, "Volumes": volumes, "BuildCache": []}))
    })
    .await?;
    ok(&value)
}

// ANCHOR: blocking
/// Runs blocking work on a thread of the pool for blocking calls.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result?),
        Err(error) => Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, format!("internal error: {error}"))),
    }
}
// ANCHOR_END: blocking

// ANCHOR: events
/// What happens, as it happens: one JSON object a line, each sent at once.
pub async fn events(daemon: Daemon, call: Call) -> Answer {
    let filters = call.query.filters()?;
    let until = call.query.get("until").map(String::from);
    let mut changes = daemon.changes.listen();
    let (sender, response) = channel("application/json");
    // The head goes out with the first bytes: clients wait for it.
    let _ = sender.send(Bytes::new()).await;
    if until.is_some() {
        // What has been is not kept.
        return Ok(response);
    }
    tokio::spawn(async move {
        loop {
            let change = tokio::select! {
                change = changes.recv() => change,
                () = sender.closed() => return,
            };
            match change {
                Ok(change) if matches(&filters, &change) => {
                    let line = format!("{}\n", event(&change));
                    if sender.send(line.into()).await.is_err() {
                        return;
                    }
                }
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    });
    Ok(response)
}
// ANCHOR_END: events

fn event(change: &Change) -> Value {
    let record = &change.record;
    let mut attributes: serde_json::Map<String, Value> =
        record.config.labels.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    attributes.insert("image".into(), record.image.clone().into());
    attributes.insert("name".into(), record.name.clone().into());
    if change.action == "die" {
        attributes.insert("exitCode".into(), record.state.exit_code.to_string().into());
    }
    json!({
        "status": change.action, "id": record.id, "from": record.image, "Type": "container", "Action": change.action,
        "Actor": {"ID": record.id, "Attributes": attributes}, "scope": "local", "time": change.time.0,
        "timeNano": change.time.1,
    })
}

fn matches(filters: &BTreeMap<String, Vec<String>>, change: &Change) -> bool {
    let record = &change.record;
    filters.iter().all(|(name, values)| {
        values.iter().any(|value| match name.as_str() {
            "type" => value == "container",
            "event" => value == change.action,
            "container" => record.id.starts_with(value) || record.name == *value,
            "image" => record.image == *value,
            "label" => match value.split_once('=') {
                Some((label, value)) => record.config.labels.get(label).is_some_and(|known| known == value),
                None => record.config.labels.contains_key(value),
            },
            _ => false,
        })
    })
}
