//! What surrounds a container: `HostConfig`.

use anyhow::{Result, bail};
use ch06_containers::record::Config;
use serde_json::Value;

use super::flags::Flags;
use super::unhonoured;

/// Volumes, directories of the host's, file systems in memory.
pub fn mounts(host: &Value, flags: &mut Flags, warnings: &mut Vec<String>) -> Result<()> {
    for bind in host["Binds"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let mut parts = bind.split(':');
        let (source, target, options) =
            (parts.next().unwrap_or_default(), parts.next(), parts.next().unwrap_or_default());
        let Some(target) = target else { bail!("invalid volume {bind:?}: it must be SOURCE:TARGET") };
        let read_only = options.split(',').any(|option| option == "ro");
        let is_silent = |option: &str| {
            matches!(option, "" | "ro" | "rw" | "z" | "Z" | "private" | "rprivate")
                || matches!(option, "cached" | "delegated" | "consistent")
        };
        for other in options.split(',').filter(|option| !is_silent(option)) {
            warnings.push(format!("the option {other:?} of the volume {bind} has no effect in Coracle"));
        }
        flags.value("volume", format!("{source}:{target}{}", if read_only { ":ro" } else { "" }));
    }
    for mount in host["Mounts"].as_array().into_iter().flatten() {
        let text = |key: &str| mount[key].as_str().unwrap_or_default();
        let read_only = mount["ReadOnly"].as_bool() == Some(true);
        let ro = if read_only { ",readonly" } else { "" };
        unhonoured::of_mount(mount, warnings)?;
        // Flags have fields, with commas and colons between them. What a client puts into one must not
        // become another: a source that somebody has checked, and then `,source=/etc`.
        for key in ["Source", "Target"] {
            let separators: &[char] = if text("Type") == "volume" { &[':'] } else { &[','] };
            if text(key).contains(separators) {
                bail!("invalid mount {key} {:?}: it must not contain {separators:?}", text(key));
            }
        }
        match text("Type") {
            "volume" => {
                let source = text("Source");
                // A path would be taken for a directory of the host's.
                if source.contains('/') || source.starts_with(['.', '~']) {
                    bail!("invalid mount Source {source:?}: a volume has a name, and a path is of type bind");
                }
                let source = if source.is_empty() { String::new() } else { format!("{source}:") };
                flags.value("volume", format!("{source}{}{}", text("Target"), if read_only { ":ro" } else { "" }));
            }
            "bind" => {
                // Chapter 2 has only private mounts, and says so of any other.
                let propagation = mount["BindOptions"]["Propagation"].as_str().filter(|word| !word.is_empty());
                let propagation = propagation.map(|word| format!(",bind-propagation={word}")).unwrap_or_default();
                let (source, target) = (text("Source"), text("Target"));
                flags.value("mount", format!("type=bind,source={source},target={target}{ro}{propagation}"));
            }
            "tmpfs" => {
                let size = mount["TmpfsOptions"]["SizeBytes"].as_u64().filter(|size| *size > 0);
                let size = size.map(|size| format!(",tmpfs-size={size}")).unwrap_or_default();
                let mode = mount["TmpfsOptions"]["Mode"].as_u64().filter(|mode| *mode > 0);
                let mode = mode.map(|mode| format!(",tmpfs-mode={mode:o}")).unwrap_or_default();
                flags.value("mount", format!("type=tmpfs,target={}{size}{mode}{ro}", text("Target")));
            }
            other => bail!("mounts of type {other:?} are not supported: there are bind, volume and tmpfs"),
        }
    }
    for (target, options) in host["Tmpfs"].as_object().into_iter().flatten() {
        let options = options.as_str().unwrap_or_default();
        if target.contains(':') {
            bail!("invalid tmpfs target {target:?}: it must not contain a colon");
        }
        for option in options.split(',') {
            let is_known = option.starts_with("size=") || option.starts_with("mode=");
            if !is_known && !matches!(option, "" | "exec" | "ro" | "rw" | "noexec" | "nosuid" | "nodev") {
                bail!("the option {option:?} of the tmpfs at {target} is not supported by Coracle: omit it");
            }
        }
        flags.value("tmpfs", if options.is_empty() { target.clone() } else { format!("{target}:{options}") });
    }
    flags.set("read-only", &host["ReadonlyRootfs"]);
    Ok(())
}

/// Networks and published ports.
pub fn network(
    asked: &Value,
    host: &Value,
    config: &Config,
    flags: &mut Flags,
    warnings: &mut Vec<String>,
) -> Result<()> {
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
            Some((_, "host-gateway")) => warnings.push(format!("{extra} is ignored: host-gateway is not supported")),
            _ => flags.value("add-host", extra),
        }
    }
    Ok(())
}

/// What it may use.
pub fn limits(host: &Value, flags: &mut Flags) -> Result<()> {
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

/// What it may do.
pub fn powers(host: &Value, flags: &mut Flags) {
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
