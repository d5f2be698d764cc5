//! About the whole: ping, version, info, disk usage.

use std::fs;

use ch03_cgroups::machine::Machine;
use ch03_cgroups::place::Place;
use ch06_containers::engine::ListRequest;
use ch06_containers::record::Record;
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::body::{full, ok};
use super::error::{Answer, ApiError};
use super::router::Call;
use super::{OLDEST, VERSION};
use crate::daemon::Daemon;

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

/// This machine's, by Go's name for it.
pub fn architecture() -> &'static str {
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
        let place = Machine::observe().and_then(|machine| Place::find(&machine, &[], None));
        let limits = place.is_ok_and(|place| place.is_ours());
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(json!({
            "ID": "coracle", "Containers": records.len(), "ContainersRunning": with("running"),
            "ContainersPaused": with("paused"), "ContainersStopped": with("exited") + with("created"),
            "Images": daemon.images.count(engine), "Driver": layers.driver().name().to_string(), "DriverStatus": [],
            "SystemStatus": null, "Plugins": {"Volume": ["local"], "Network": ["bridge", "host", "none"], "Authorization": null, "Log": ["json-file"]},
            "MemoryLimit": limits, "SwapLimit": limits, "KernelMemory": false, "CpuCfsPeriod": limits, "CpuCfsQuota": limits,
            "CPUShares": limits, "CPUSet": limits, "PidsLimit": limits, "IPv4Forwarding": true,
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
pub async fn disk_usage(daemon: Daemon, call: Call) -> Answer {
    const KINDS: [&str; 4] = ["container", "image", "volume", "build-cache"];
    let wanted = call.query.all("type").to_vec();
    if let Some(other) = wanted.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
        return Err(ApiError::bad(format!("invalid type {other:?}: there are {}", KINDS.join(", "))));
    }
    let value = blocking(move || {
        let engine = &daemon.engine;
        let containers = engine.list(&ListRequest { all: true, ..ListRequest::default() })?;
        let images = daemon.images.disk_usage(engine)?;
        let volumes = engine.volumes().all()?;
        let row = |name: &str| -> Option<Value> {
            let mut row = engine.inspect_volume(name).ok()?;
            let users = engine.users_of_volume(name).ok()?.len();
            // The docker client reads it without asking whether it is there.
            row["UsageData"] = json!({"RefCount": users, "Size": engine.volumes().size(name)});
            Some(row)
        };
        let volumes: Vec<Value> = volumes.iter().filter_map(|volume| row(&volume.name)).collect();
        let mut all =
            json!({"LayersSize": images.layers_size, "Images": images.rows, "Containers": containers, "Volumes": volumes, "BuildCache": []});
        for (kind, key) in KINDS.iter().zip(["Containers", "Images", "Volumes", "BuildCache"]) {
            if !wanted.is_empty() && wanted.iter().all(|wanted| wanted != kind) {
                all[key] = Value::Null;
            }
        }
        Ok(all)
    })
    .await?;
    ok(&value)
}

/// The record that a name or an id means.
pub async fn find(daemon: &Daemon, name: String) -> Result<Record, ApiError> {
    let engine = daemon.engine.clone();
    blocking(move || engine.records().find(&name)).await
}

/// Runs blocking work that may wait for a container's shim, when it is its turn.
pub async fn blocking_on<T: Send + 'static>(
    daemon: &Daemon,
    container: &str,
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> Result<T, ApiError> {
    let turn = daemon.turns.take(container).await?;
    let work = move || {
        // Until the work is done, though its client may be gone by then.
        let _turn = turn;
        work()
    };
    blocking(work).await
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
