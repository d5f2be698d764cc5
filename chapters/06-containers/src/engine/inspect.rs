//! A container with every field that `docker inspect` has: SDKs read them without asking whether
//! they are there.

use ch05_network::network::{Endpoint, Network, Networks};
use serde_json::{Value, json};

use super::Local;
use crate::powers::held::Held;
use crate::powers::host_config::{of_flags, paths};
use crate::record::Record;

/// A container as `docker inspect` shows it.
pub fn inspect(engine: &Local, record: &Record) -> Value {
    let (config, state, host) = (&record.config, &record.state, &record.host);
    let command = config.command();
    let never = |time: &str| if time.is_empty() { "0001-01-01T00:00:00Z".to_string() } else { time.to_string() };
    let endpoint = engine.endpoint(record);
    let (network_settings, ports) = network_settings(engine, endpoint.as_ref(), &config.exposed_ports);
    let driver = engine.layers().map(|layers| layers.driver().name().to_string()).unwrap_or_default();
    let mut host_config = default_host_config();
    let given = host.api.as_object().cloned().unwrap_or_else(|| of_flags(&record.flags));
    given.into_iter().for_each(|(key, value)| host_config[key] = value);
    (host_config["MaskedPaths"], host_config["ReadonlyPaths"]) = paths(host_config["Privileged"] == true);
    if host_config["ShmSize"] == 0 {
        host_config["ShmSize"] = (64 << 20).into();
    }
    let powers = state.is_active().then(|| Held::by_process(state.pid).ok()).flatten();
    // A client that leaves the choice to us says so by an empty name.
    if host_config["LogConfig"]["Type"] == "" {
        host_config["LogConfig"]["Type"] = "json-file".into();
    }
    host_config["AutoRemove"] = host.auto_remove.into();
    host_config["Init"] = host.init.into();
    host_config["RestartPolicy"] = json!({"Name": host.restart.name(), "MaximumRetryCount": match host.restart {
            crate::record::Restart::OnFailure(Some(most)) => most, _ => 0 }});
    host_config["Coracle"] = json!({"Flags": record.flags, "Powers": powers.map(|held| held.as_json())});
    if let Some(endpoint) = &endpoint {
        host_config["NetworkMode"] = endpoint.network.clone().into();
    }
    if host_config["PortBindings"].as_object().is_none_or(serde_json::Map::is_empty) {
        host_config["PortBindings"] = ports;
    }
    json!({
        "Id": record.id,
        "Created": record.created,
        "Path": command.first(),
        "Args": command.get(1..).unwrap_or_default(),
        "State": {
            "Status": state.status.to_string(),
            "Running": state.is_active(),
            "Paused": state.status == crate::record::Status::Paused,
            "Restarting": state.status == crate::record::Status::Restarting,
            "OOMKilled": state.oom_killed,
            "Dead": false,
            "Pid": state.pid,
            "ExitCode": state.exit_code,
            "Error": state.error,
            "StartedAt": never(&state.started_at),
            "FinishedAt": never(&state.finished_at),
        },
        "Image": record.image(),
        "ResolvConfPath": "",
        "HostnamePath": "",
        "HostsPath": "",
        "LogPath": engine.records().log_file(&record.id),
        "Name": format!("/{}", record.name),
        "RestartCount": state.restart_count,
        "Driver": driver,
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "ExecIDs": null,
        "HostConfig": host_config,
        "GraphDriver": {"Name": driver, "Data": {}},
        "Mounts": mounts(engine, record),
        "Config": {
            "Hostname": config.hostname,
            "Domainname": "",
            "User": config.user,
            "AttachStdin": config.stdin_once,
            "AttachStdout": true,
            "AttachStderr": true,
            "ExposedPorts": config.exposed_ports.iter().map(|port| (port.clone(), json!({}))).collect::<serde_json::Map<_, _>>(),
            "Tty": config.tty,
            "OpenStdin": config.open_stdin,
            "StdinOnce": config.stdin_once,
            "Env": config.env,
            "Cmd": config.cmd,
            "Image": record.image,
            "Volumes": config.volumes.iter().map(|target| (target.clone(), json!({}))).collect::<serde_json::Map<_, _>>(),
            "WorkingDir": config.working_dir,
            "Entrypoint": if config.entrypoint.is_empty() { Value::Null } else { json!(config.entrypoint) },
            "OnBuild": null,
            "Labels": config.labels,
            "StopSignal": config.stop_signal,
            "StopTimeout": config.stop_timeout,
        },
        "NetworkSettings": network_settings,
    })
}

pub(super) fn mounts(engine: &Local, record: &Record) -> Vec<Value> {
    let flags = record.flags.iter().filter_map(|flag| flag.strip_prefix("--volume="));
    flags
        .map(|volume| {
            let mut parts = volume.split(':');
            let (source, target, options) =
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let name = record.host.volumes.iter().find(|name| engine.volumes().data(name).to_string_lossy() == source);
            let mut mount = json!({
                "Type": if name.is_some() { "volume" } else { "bind" }, "Source": source, "Destination": target,
                "Mode": options, "RW": options != "ro", "Propagation": "",
            });
            if let Some(name) = name {
                mount["Name"] = name.clone().into();
                mount["Driver"] = "local".into();
            }
            mount
        })
        .collect()
}

/// Docker's `NetworkSettings`, and its `PortBindings`.
pub(super) fn network_settings(engine: &Local, endpoint: Option<&Endpoint>, exposed: &[String]) -> (Value, Value) {
    let network = endpoint.and_then(|endpoint| Networks::open(&engine.flags).ok()?.find(&endpoint.network).ok());
    let network = network.as_ref();
    let gateway = network.map(|network| network.gateway.to_string()).unwrap_or_default();
    let prefix = network.map_or(0, |network| network.subnet.prefix_len());
    let mut ports = serde_json::Map::new();
    for port in exposed {
        ports.insert(port.clone(), Value::Null);
    }
    for port in endpoint.iter().flat_map(|endpoint| &endpoint.ports) {
        let binding = json!({"HostIp": port.ip.to_string(), "HostPort": port.host.to_string()});
        let bindings = ports.entry(format!("{}/tcp", port.container)).or_insert(Value::Null);
        match bindings.as_array_mut() {
            Some(known) => known.push(binding),
            None => *bindings = json!([binding]),
        }
    }
    let bindings = Value::Object(
        ports.iter().filter(|(_, value)| !value.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect(),
    );
    let address = endpoint.map(|endpoint| endpoint.address.to_string()).unwrap_or_default();
    let networks = match endpoint {
        None => json!({}),
        Some(endpoint) => json!({endpoint.network.clone(): {
            "IPAMConfig": null, "Links": null, "Aliases": [endpoint.name], "NetworkID": network.map(Network::stable_id).unwrap_or_default(),
            "EndpointID": "", "Gateway": gateway, "IPAddress": address, "IPPrefixLen": prefix, "MacAddress": "",
            "DriverOpts": null, "IPv6Gateway": "", "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0,
        }}),
    };
    let settings = json!({
        "Bridge": "", "SandboxID": "", "SandboxKey": "", "Ports": ports, "HairpinMode": false,
        "LinkLocalIPv6Address": "", "LinkLocalIPv6PrefixLen": 0, "SecondaryIPAddresses": null,
        "SecondaryIPv6Addresses": null, "EndpointID": "", "Gateway": gateway, "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0, "IPAddress": address, "IPPrefixLen": prefix, "IPv6Gateway": "", "MacAddress": "",
        "Networks": networks,
    });
    (settings, bindings)
}

/// Docker's HostConfig with every default: SDKs read fields without asking whether they are there.
pub fn default_host_config() -> Value {
    json!({
        "Binds": null, "ContainerIDFile": "", "LogConfig": {"Type": "json-file", "Config": {}},
        "NetworkMode": "default", "PortBindings": {}, "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "AutoRemove": false, "VolumeDriver": "", "VolumesFrom": null, "ConsoleSize": [0, 0], "CapAdd": null,
        "CapDrop": null, "CgroupnsMode": "private", "Dns": [], "DnsOptions": [], "DnsSearch": [], "ExtraHosts": null,
        "GroupAdd": null, "IpcMode": "private", "Cgroup": "", "Links": null, "OomScoreAdj": 0, "PidMode": "",
        "Privileged": false, "PublishAllPorts": false, "ReadonlyRootfs": false, "SecurityOpt": null, "UTSMode": "",
        "UsernsMode": "", "ShmSize": 67108864, "Runtime": "coracle", "Isolation": "", "CpuShares": 0, "Memory": 0,
        "NanoCpus": 0, "CgroupParent": "", "BlkioWeight": 0, "BlkioWeightDevice": [], "BlkioDeviceReadBps": [],
        "BlkioDeviceWriteBps": [], "BlkioDeviceReadIOps": [], "BlkioDeviceWriteIOps": [], "CpuPeriod": 0,
        "CpuQuota": 0, "CpuRealtimePeriod": 0, "CpuRealtimeRuntime": 0, "CpusetCpus": "", "CpusetMems": "",
        "Devices": [], "DeviceCgroupRules": null, "DeviceRequests": null, "MemoryReservation": 0, "MemorySwap": 0,
        "MemorySwappiness": null, "OomKillDisable": false, "PidsLimit": null, "Ulimits": [], "CpuCount": 0,
        "CpuPercent": 0, "IOMaximumIOps": 0, "IOMaximumBandwidth": 0, "MaskedPaths": [], "ReadonlyPaths": [],
    })
}
