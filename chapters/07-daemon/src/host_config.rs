//! Docker's words for a container, as chapter 6's: the body of `POST /containers/create`.
//!
//! A field that is set and isn't honoured is an error, or a warning in the answer; none is dropped
//! in silence.

use anyhow::{Result, bail};
use ch06_containers::engine::NewContainer;
use ch06_containers::record::{Config, HostConfig};
use serde_json::Value;

use crate::api::images::Image;

/// What is asked for, on an image; and warnings.
pub fn new_container(asked: &Value, image: &Image) -> Result<(NewContainer, Vec<String>)> {
    let host = &asked["HostConfig"];
    let mut flags = Flags::default();
    let mut warnings = Vec::new();
    let config = config(asked, image)?;
    for entry in &config.env {
        flags.value("env", entry);
    }
    if !config.working_dir.is_empty() {
        flags.value("workdir", &config.working_dir);
    }
    flags.text("hostname", &asked["Hostname"]);
    flags.text("domainname", &asked["Domainname"]);
    mounts(host, &mut flags)?;
    network(asked, host, &config, &mut flags, &mut warnings)?;
    limits(host, &mut flags)?;
    powers(host, &mut flags);
    refused(asked, host, &mut warnings)?;
    let (name, most) =
        (host["RestartPolicy"]["Name"].as_str().unwrap_or_default(), &host["RestartPolicy"]["MaximumRetryCount"]);
    let policy = match most.as_u64() {
        Some(most @ 1..) => format!("{name}:{most}"),
        _ => name.to_string(),
    };
    let log = &host["LogConfig"]["Config"];
    let kept = HostConfig {
        auto_remove: host["AutoRemove"].as_bool().unwrap_or(false),
        init: host["Init"].as_bool().unwrap_or(false),
        restart: policy.parse().map_err(|error| anyhow::anyhow!("{error}"))?,
        log_max_size: log["max-size"].as_str().map(size).transpose()?,
        log_max_file: log["max-file"].as_str().and_then(|text| text.parse().ok()),
        api: host.clone(),
        ..HostConfig::default()
    };
    let new = NewContainer {
        name: None,
        image: asked["Image"].as_str().unwrap_or_default().into(),
        layer: image.layer,
        image_id: image.id.clone(),
        config,
        flags: flags.0,
        host: kept,
        // The image is known here: its ports are among the flags.
        publish_all: false,
    };
    Ok((new, warnings))
}

fn size(text: &str) -> Result<u64> {
    ch03_cgroups::units::bytes(text).map_err(|error| anyhow::anyhow!("invalid size {text:?}: {error}"))
}

/// Flags in the making.
#[derive(Default)]
struct Flags(Vec<String>);

impl Flags {
    fn value(&mut self, name: &str, value: impl std::fmt::Display) {
        self.0.push(format!("--{name}={value}"));
    }

    /// A text that isn't empty.
    fn text(&mut self, name: &str, value: &Value) {
        if let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
            self.value(name, text);
        }
    }

    /// Each of a list of texts.
    fn each(&mut self, name: &str, value: &Value) {
        value.as_array().into_iter().flatten().for_each(|value| self.text(name, value));
    }

    /// A number that isn't 0.
    fn number(&mut self, name: &str, value: &Value) {
        if let Some(number) = value.as_i64().filter(|number| *number != 0) {
            self.value(name, number);
        }
    }

    fn set(&mut self, name: &str, value: &Value) {
        if value.as_bool() == Some(true) {
            self.0.push(format!("--{name}"));
        }
    }
}

/// A list of texts, or one text, as older clients send it.
fn words(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(words) => Some(words.iter().filter_map(|word| word.as_str().map(String::from)).collect()),
        _ => None,
    }
}

// ANCHOR: config
/// What runs: the request's words, and where it has none the image's. An entrypoint of the
/// request's takes the image's command away as well.
fn config(asked: &Value, image: &Image) -> Result<Config> {
    let of_image = &image.config;
    let text = |key: &str, otherwise: &str| {
        asked[key].as_str().filter(|text| !text.is_empty()).unwrap_or(otherwise).to_string()
    };
    let entrypoint = words(&asked["Entrypoint"]);
    let cmd = words(&asked["Cmd"]).filter(|words| !words.is_empty());
    // [""] is how a client says "none".
    let own_entrypoint = entrypoint.filter(|words| !words.is_empty());
    let cmd = cmd.unwrap_or_else(|| if own_entrypoint.is_some() { Vec::new() } else { of_image.cmd.clone() });
    let entrypoint = own_entrypoint.unwrap_or_else(|| of_image.entrypoint.clone());
    let mut env = of_image.env.clone();
    for entry in words(&asked["Env"]).unwrap_or_default() {
        let name = entry.split('=').next().unwrap_or_default().to_string();
        env.retain(|known| known.split('=').next() != Some(name.as_str()));
        // A name alone takes the image's variable away.
        if entry.contains('=') {
            env.push(entry);
        }
    }
    let mut labels = of_image.labels.clone();
    labels.extend(
        serde_json::from_value::<std::collections::BTreeMap<String, String>>(asked["Labels"].clone())
            .unwrap_or_default(),
    );
    let keys =
        |value: &Value| value.as_object().into_iter().flat_map(|object| object.keys().cloned()).collect::<Vec<_>>();
    let mut exposed_ports = of_image.exposed_ports.clone();
    exposed_ports.extend(keys(&asked["ExposedPorts"]));
    exposed_ports.sort();
    exposed_ports.dedup();
    let mut volumes = of_image.volumes.clone();
    volumes.extend(keys(&asked["Volumes"]));
    volumes.sort();
    volumes.dedup();
    let flag = |key: &str| asked[key].as_bool().unwrap_or(false);
    Ok(Config {
        entrypoint: entrypoint.into_iter().filter(|word| !word.is_empty()).collect(),
        cmd,
        env,
        working_dir: text("WorkingDir", &of_image.working_dir),
        user: text("User", &of_image.user),
        hostname: text("Hostname", ""),
        labels,
        tty: flag("Tty"),
        open_stdin: flag("OpenStdin"),
        stdin_once: flag("StdinOnce"),
        stop_signal: text("StopSignal", &of_image.stop_signal),
        stop_timeout: asked["StopTimeout"].as_u64().and_then(|seconds| u32::try_from(seconds).ok()),
        exposed_ports,
        volumes,
    })
}
// ANCHOR_END: config

fn mounts(host: &Value, flags: &mut Flags) -> Result<()> {
    for bind in host["Binds"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let mut parts = bind.split(':');
        let (source, target, options) =
            (parts.next().unwrap_or_default(), parts.next(), parts.next().unwrap_or_default());
        let Some(target) = target else { bail!("invalid volume {bind:?}: it must be SOURCE:TARGET") };
        let read_only = options.split(',').any(|option| option == "ro");
        flags.value("volume", format!("{source}:{target}{}", if read_only { ":ro" } else { "" }));
    }
    for mount in host["Mounts"].as_array().into_iter().flatten() {
        let text = |key: &str| mount[key].as_str().unwrap_or_default();
        let read_only = mount["ReadOnly"].as_bool() == Some(true);
        match text("Type") {
            "volume" => {
                let source = text("Source");
                let source = if source.is_empty() { String::new() } else { format!("{source}:") };
                flags.value("volume", format!("{source}{}{}", text("Target"), if read_only { ":ro" } else { "" }));
            }
            "bind" => {
                let ro = if read_only { ",readonly" } else { "" };
                flags.value("mount", format!("type=bind,source={},target={}{ro}", text("Source"), text("Target")));
            }
            "tmpfs" => {
                let size = mount["TmpfsOptions"]["SizeBytes"].as_u64().filter(|size| *size > 0);
                let size = size.map(|size| format!(",tmpfs-size={size}")).unwrap_or_default();
                flags.value("mount", format!("type=tmpfs,target={}{size}", text("Target")));
            }
            other => bail!("mounts of type {other:?} are not supported: there are bind, volume and tmpfs"),
        }
    }
    for (target, options) in host["Tmpfs"].as_object().into_iter().flatten() {
        let known = options.as_str().unwrap_or_default().split(',').filter(|option| {
            option.starts_with("size=") || option.starts_with("mode=") || matches!(*option, "exec" | "ro")
        });
        let options = known.collect::<Vec<_>>().join(",");
        flags.value("tmpfs", if options.is_empty() { target.clone() } else { format!("{target}:{options}") });
    }
    flags.set("read-only", &host["ReadonlyRootfs"]);
    Ok(())
}

fn network(asked: &Value, host: &Value, config: &Config, flags: &mut Flags, warnings: &mut Vec<String>) -> Result<()> {
    let mode = host["NetworkMode"].as_str().unwrap_or("default");
    let disabled = asked["NetworkDisabled"].as_bool() == Some(true);
    let mode = if disabled { "none" } else { mode };
    // Without a word the default is taken, which may be none where a bridge can't be made.
    if !matches!(mode, "" | "default" | "bridge") {
        flags.value("network", mode);
    }
    let mut published = Vec::new();
    for (port, bindings) in host["PortBindings"].as_object().into_iter().flatten() {
        for binding in bindings.as_array().into_iter().flatten() {
            let ip = binding["HostIp"].as_str().unwrap_or_default();
            if ip.contains(':') && ip != "::" {
                warnings.push(format!("port {port} is not published at {ip}: only IPv4 is supported"));
                continue;
            }
            let ip = if ip.is_empty() || ip == "::" { "0.0.0.0" } else { ip };
            let host_port = binding["HostPort"].as_str().filter(|port| !port.is_empty()).unwrap_or("0");
            flags.value("publish", format!("{ip}:{host_port}:{port}"));
            published.push(port.clone());
        }
    }
    if host["PublishAllPorts"].as_bool() == Some(true) {
        for port in config.exposed_ports.iter().filter(|port| !published.contains(port)) {
            flags.value("publish", format!("0.0.0.0:0:{port}"));
        }
    }
    flags.each("dns", &host["Dns"]);
    for extra in host["ExtraHosts"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        match extra.rsplit_once(':') {
            Some((_, "host-gateway")) => warnings.push(format!("{extra} is left out: host-gateway is not supported")),
            _ => flags.value("add-host", extra),
        }
    }
    Ok(())
}

fn limits(host: &Value, flags: &mut Flags) -> Result<()> {
    flags.number("memory", &host["Memory"]);
    flags.number("memory-swap", &host["MemorySwap"]);
    flags.number("memory-reservation", &host["MemoryReservation"]);
    if let Some(nanos) = host["NanoCpus"].as_u64().filter(|nanos| *nanos > 0) {
        flags.value("cpus", nanos as f64 / 1e9);
    }
    flags.number("cpu-shares", &host["CpuShares"]);
    flags.number("cpu-period", &host["CpuPeriod"]);
    flags.number("cpu-quota", &host["CpuQuota"]);
    flags.text("cpuset-cpus", &host["CpusetCpus"]);
    flags.text("cpuset-mems", &host["CpusetMems"]);
    flags.number("pids-limit", &host["PidsLimit"]);
    flags.number("io-weight", &host["BlkioWeight"]);
    flags.number("oom-score-adj", &host["OomScoreAdj"]);
    flags.text("cgroup-parent", &host["CgroupParent"]);
    flags.each("device-cgroup-rule", &host["DeviceCgroupRules"]);
    for (key, flag) in [
        ("BlkioDeviceReadBps", "device-read-bps"),
        ("BlkioDeviceWriteBps", "device-write-bps"),
        ("BlkioDeviceReadIOps", "device-read-iops"),
        ("BlkioDeviceWriteIOps", "device-write-iops"),
    ] {
        for rate in host[key].as_array().into_iter().flatten() {
            flags.value(flag, format!("{}:{}", rate["Path"].as_str().unwrap_or_default(), rate["Rate"]));
        }
    }
    for limit in host["Ulimits"].as_array().into_iter().flatten() {
        let name = limit["Name"].as_str().unwrap_or_default();
        flags.value("ulimit", format!("{name}={}:{}", limit["Soft"], limit["Hard"]));
    }
    Ok(())
}

fn powers(host: &Value, flags: &mut Flags) {
    flags.each("cap-add", &host["CapAdd"]);
    flags.each("cap-drop", &host["CapDrop"]);
    flags.set("privileged", &host["Privileged"]);
    flags.each("security-opt", &host["SecurityOpt"]);
    flags.each("group-add", &host["GroupAdd"]);
    for (name, value) in host["Sysctls"].as_object().into_iter().flatten() {
        flags.value("sysctl", format!("{name}={}", value.as_str().unwrap_or_default()));
    }
    flags.text("pid", &host["PidMode"]);
    if let Some(mode) = host["IpcMode"].as_str().filter(|mode| !matches!(*mode, "" | "private" | "shareable")) {
        flags.value("ipc", mode);
    }
    flags.text("uts", &host["UTSMode"]);
    flags.text("userns", &host["UsernsMode"]);
    flags.number("shm-size", &host["ShmSize"]);
    for device in host["Devices"].as_array().into_iter().flatten() {
        let text = |key: &str, otherwise: &str| {
            device[key].as_str().filter(|text| !text.is_empty()).unwrap_or(otherwise).to_string()
        };
        let on_host = text("PathOnHost", "");
        let in_container = text("PathInContainer", &on_host);
        flags.value("device", format!("{on_host}:{in_container}:{}", text("CgroupPermissions", "rwm")));
    }
}

/// What is set and isn't honoured.
fn refused(asked: &Value, host: &Value, warnings: &mut Vec<String>) -> Result<()> {
    let is_set = |value: &Value| match value {
        Value::Null => false,
        Value::Bool(set) => *set,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    };
    for key in ["DeviceRequests", "VolumesFrom", "Links", "VolumeDriver", "StorageOpt"] {
        if is_set(&host[key]) {
            bail!("HostConfig.{key} is not supported by Coracle: leave it out");
        }
    }
    if is_set(&asked["Healthcheck"]) && asked["Healthcheck"]["Test"][0] != "NONE" {
        warnings.push("health checks are not run by Coracle".into());
    }
    for key in
        ["OomKillDisable", "CpuRealtimePeriod", "CpuRealtimeRuntime", "DnsSearch", "DnsOptions", "BlkioWeightDevice"]
    {
        if is_set(&host[key]) {
            warnings.push(format!("HostConfig.{key} has no effect in Coracle"));
        }
    }
    let driver = host["LogConfig"]["Type"].as_str().unwrap_or_default();
    if !matches!(driver, "" | "json-file") {
        warnings.push(format!("the log driver {driver} is not supported: json-file is used"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn flags(host: Value) -> Vec<String> {
        new_container(&json!({"Image": "x", "Cmd": ["true"], "HostConfig": host}), &Image::default()).unwrap().0.flags
    }

    #[test]
    fn what_the_client_says_becomes_flags() {
        let host = json!({
            "Binds": ["/srv:/data:ro,z", "vol:/v"], "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]},
            "Memory": 1048576, "NanoCpus": 500000000, "PidsLimit": 0, "CapAdd": ["CAP_NET_ADMIN"], "ReadonlyRootfs": true,
            "NetworkMode": "default", "ShmSize": 1048576, "SecurityOpt": ["seccomp={}"],
            "Devices": [{"PathOnHost": "/dev/fuse", "PathInContainer": "/dev/f", "CgroupPermissions": "rw"}],
        });
        let expected = [
            "--volume=/srv:/data:ro",
            "--volume=vol:/v",
            "--read-only",
            "--publish=0.0.0.0:8080:80/tcp",
            "--memory=1048576",
            "--cpus=0.5",
            "--cap-add=CAP_NET_ADMIN",
            "--security-opt=seccomp={}",
            "--shm-size=1048576",
            "--device=/dev/fuse:/dev/f:rw",
        ];
        assert_eq!(flags(host), expected);
    }

    #[test]
    fn the_request_wins_over_the_image() {
        let image = Image {
            config: Config {
                entrypoint: vec!["/entry".into()],
                cmd: vec!["serve".into()],
                env: vec!["A=image".into(), "B=image".into()],
                ..Config::default()
            },
            ..Image::default()
        };
        let of = |asked: Value| new_container(&asked, &image).unwrap().0.config;
        assert_eq!(of(json!({"Image": "x"})).command(), ["/entry", "serve"]);
        assert_eq!(of(json!({"Image": "x", "Cmd": ["other"]})).command(), ["/entry", "other"]);
        assert_eq!(of(json!({"Image": "x", "Entrypoint": ["sh"]})).command(), ["sh"]);
        assert_eq!(of(json!({"Image": "x", "Env": ["A=mine"]})).env, ["B=image", "A=mine"]);
    }

    #[test]
    fn nothing_is_dropped_in_silence() {
        let asked = json!({"Image": "x", "Cmd": ["a"], "HostConfig": {"DnsSearch": ["x"]}, "Healthcheck": {"Test": ["CMD", "x"]}});
        assert_eq!(new_container(&asked, &Image::default()).unwrap().1.len(), 2);
        let asked = json!({"Image": "x", "HostConfig": {"DeviceRequests": [{}]}});
        assert!(new_container(&asked, &Image::default()).unwrap_err().to_string().contains("not supported"));
    }
}
