//! Looking at containers, and talking with them.

use std::os::fd::OwnedFd;
use std::time::Duration;

use anyhow::{Result, bail};
use ch01_namespaces::{Failure, link::Link, new_id};
use ch04_unionfs::changes::Change;
use ch05_network::network::{Endpoint, Networks};
use serde_json::{Value, json};

use super::Local;
use crate::log::{LogOptions, LogReader};
use crate::powers::held::Held;
use crate::powers::host_config::{of_flags, paths};
use crate::record::Record;
use crate::shim::{self, ExecRequest, ExecState, Reply, Request};

/// What became of a command.
pub type ExecInspect = ExecState;

impl Local {
    /// Attaches `socket`: output goes there in Docker's frames (raw from a terminal), input comes from
    /// there.
    pub fn attach(&self, record: &Record, socket: OwnedFd, stdin: bool, stdout: bool, stderr: bool) -> Result<()> {
        self.attach_early(record, socket, Vec::new(), stdin, stdout, stderr)
    }

    /// The same, with input that was read from the socket already.
    pub fn attach_early(
        &self,
        record: &Record,
        socket: OwnedFd,
        early: Vec<u8>,
        stdin: bool,
        stdout: bool,
        stderr: bool,
    ) -> Result<()> {
        let request = Request::Attach { stdin, stdout, stderr, early };
        self.ask(record, &request, vec![socket]).map(drop)
    }

    /// Writes everything that a container's root file system shows as one archive.
    pub fn export(&self, record: &Record, out: impl std::io::Write) -> Result<()> {
        self.layers()?.export_container(&record.id, out)
    }

    /// A connection that can be read when the container has ended for good: then [`Local::waited`]
    /// knows its status.
    pub fn wait(&self, record: &Record) -> Result<Option<Link>> {
        if !record.state.is_active() {
            return Ok(None);
        }
        let asked = shim::connect(self.flags.state_root(), &record.id)
            .and_then(|link| link.send(&Request::Wait, &[]).map(|()| link));
        // Or it ended a moment ago.
        Ok(asked.ok())
    }

    /// The same for a container that stands at its start gate.
    pub fn wait_for_end(&self, record: &Record) -> Result<Link> {
        let link = shim::connect(self.flags.state_root(), &record.id)?;
        link.send(&Request::Wait, &[]).map(|()| link)
    }

    /// The status that came over a connection of [`Local::wait`].
    pub fn waited(&self, link: Option<&Link>, id: &str) -> Result<u8> {
        if let Some(link) = link
            && let Ok(Some((Reply::Ended { code }, _))) = link.receive::<Reply>()
        {
            return Ok(code);
        }
        // The end came before we asked, and is about to be written down; or the shim was killed, and is a
        // process for a moment still.
        for _ in 0..500 {
            match self.records.find(id) {
                Ok(record) if record.state.is_active() => std::thread::sleep(Duration::from_millis(10)),
                Ok(record) => return Ok(record.state.exit_code),
                Err(_) => break,
            }
        }
        Ok(137)
    }

    /// Reads a container's log.
    pub fn logs(&self, record: &Record, options: LogOptions) -> LogReader {
        LogReader::open(&self.records.log_file(&record.id), options)
    }

    /// Runs one more command in a container; `socket` is attached to it.
    pub fn exec(&self, record: &Record, mut request: ExecRequest, socket: Option<OwnedFd>) -> Result<String> {
        if !record.state.is_active() {
            bail!(Failure::new(1, format!("Container {} is not running", record.id)));
        }
        if record.state.status == crate::record::Status::Paused {
            bail!(Failure::new(1, format!("Container {} is paused, unpause the container before exec", record.name)));
        }
        if request.id.is_empty() {
            request.id = new_id()?;
        }
        let id = request.id.clone();
        self.ask(record, &Request::Exec(request), socket.into_iter().collect())?;
        Ok(id)
    }

    /// Waits for a command's end.
    pub fn exec_wait(&self, record: &Record, exec: &str) -> Result<u8> {
        match self.ask(record, &Request::ExecWait(exec.into()), Vec::new()) {
            Ok(Reply::Exec(ExecState { exit_code: Some(code), .. })) => Ok(code),
            Ok(other) => bail!("the container's shim said {other:?}: a bug of ours"),
            // The container has ended, and the command with it.
            Err(_) => Ok(137),
        }
    }

    /// What became of a command.
    pub fn exec_state(&self, record: &Record, exec: &str) -> Result<ExecState> {
        match self.ask(record, &Request::ExecState(exec.into()), Vec::new())? {
            Reply::Exec(state) => Ok(state),
            other => bail!("the container's shim said {other:?}: a bug of ours"),
        }
    }

    /// What a container changed in its image.
    pub fn changes(&self, record: &Record) -> Result<Vec<Change>> {
        let layers = self.layers()?;
        let known = layers.container(&record.id)?;
        let below: Vec<_> = layers.stack(&known.image)?.into_iter().map(|layer| layer.cache_id).collect();
        layers.driver().changes(&known.mount_id, &below)
    }

    /// A container's place on a network, while it lives.
    pub fn endpoint(&self, record: &Record) -> Option<Endpoint> {
        Endpoint::read(&self.flags.state_root().join(&record.id))
    }
}

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
            "IPAMConfig": null, "Links": null, "Aliases": [endpoint.name], "NetworkID": endpoint.network,
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
