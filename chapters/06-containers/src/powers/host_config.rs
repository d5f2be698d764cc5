//! The powers among a record's flags, as Docker's `HostConfig` has them.

use serde_json::{Map, Value, json};

use super::masks::{MASKED, READ_ONLY};

/// Its fields, for a container that was made by a command line. (A client of the API has sent its
/// own.)
pub fn of_flags(flags: &[String]) -> Map<String, Value> {
    let all = |name: &str| -> Vec<&str> {
        flags.iter().filter_map(|flag| flag.strip_prefix("--")?.strip_prefix(name)?.strip_prefix('=')).collect()
    };
    let mut fields = Map::new();
    for (name, field) in [
        ("cap-add", "CapAdd"),
        ("cap-drop", "CapDrop"),
        ("security-opt", "SecurityOpt"),
        ("group-add", "GroupAdd"),
        ("volume", "Binds"),
    ] {
        let values = all(name);
        if !values.is_empty() {
            fields.insert(field.into(), json!(values));
        }
    }
    for (name, field) in [
        ("network", "NetworkMode"),
        ("pid", "PidMode"),
        ("ipc", "IpcMode"),
        ("uts", "UTSMode"),
        ("userns", "UsernsMode"),
    ] {
        if let Some(mode) = all(name).last() {
            fields.insert(field.into(), json!(mode));
        }
    }
    for (flag, field) in [("--privileged", "Privileged"), ("--read-only", "ReadonlyRootfs")] {
        fields.insert(field.into(), flags.iter().any(|given| given == flag).into());
    }
    let devices = all("device").into_iter().map(|device| {
        let mut parts = device.split(':');
        let host = parts.next().unwrap_or_default();
        let (container, uses) = match (parts.next(), parts.next()) {
            (Some(container), uses) if container.starts_with('/') => (container, uses),
            (uses, _) => (host, uses),
        };
        json!({"PathOnHost": host, "PathInContainer": container, "CgroupPermissions": uses.unwrap_or("rwm")})
    });
    fields.insert("Devices".into(), devices.collect());
    if let Some(Ok(size)) = all("shm-size").last().map(|size| ch03_cgroups::units::bytes(size)) {
        fields.insert("ShmSize".into(), size.into());
    }
    let last = |name: &str| all(name).last().copied();
    for (name, field) in
        [("memory", "Memory"), ("memory-swap", "MemorySwap"), ("memory-reservation", "MemoryReservation")]
    {
        let bytes = last(name).and_then(|size| if size == "-1" { Some(-1) } else { bytes(size) });
        fields.extend(bytes.map(|bytes| (field.to_string(), bytes.into())));
    }
    for (name, field) in [
        ("cpu-shares", "CpuShares"),
        ("cpu-period", "CpuPeriod"),
        ("cpu-quota", "CpuQuota"),
        ("pids-limit", "PidsLimit"),
        ("io-weight", "BlkioWeight"),
        ("oom-score-adj", "OomScoreAdj"),
    ] {
        let number = last(name).and_then(|number| number.parse::<i64>().ok());
        fields.extend(number.map(|number| (field.to_string(), number.into())));
    }
    if let Some(cpus) = last("cpus").and_then(|cpus| cpus.parse::<f64>().ok()) {
        fields.insert("NanoCpus".into(), ((cpus * 1e9).round() as i64).into());
    }
    for (name, field) in
        [("cpuset-cpus", "CpusetCpus"), ("cpuset-mems", "CpusetMems"), ("cgroup-parent", "CgroupParent")]
    {
        fields.extend(last(name).map(|text| (field.to_string(), text.into())));
    }
    let ulimits = all("ulimit").into_iter().filter_map(|limit| {
        let (name, values) = limit.split_once('=')?;
        let (soft, hard) = values.split_once(':').unwrap_or((values, values));
        let number = |text: &str| text.parse::<i64>().unwrap_or(-1);
        Some(json!({"Name": name, "Soft": number(soft), "Hard": number(hard)}))
    });
    fields.insert("Ulimits".into(), ulimits.collect());
    let sysctls: Map<String, Value> =
        all("sysctl").into_iter().filter_map(|one| one.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect();
    if !sysctls.is_empty() {
        fields.insert("Sysctls".into(), sysctls.into());
    }
    fields
}

fn bytes(size: &str) -> Option<i64> {
    ch03_cgroups::units::bytes(size).ok()?.try_into().ok()
}

/// What is covered, and what is read-only: nothing where the container is privileged.
pub fn paths(is_privileged: bool) -> (Value, Value) {
    if is_privileged { (Value::Null, Value::Null) } else { (json!(MASKED), json!(READ_ONLY)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_become_dockers_fields() {
        let flags = [
            "--cap-add=NET_ADMIN",
            "--device=/dev/fuse:r",
            "--device=/dev/a:/dev/b",
            "--ulimit=nofile=1:2",
            "--memory=64m",
            "--cpus=0.5",
            "--pids-limit=7",
            "--network=none",
        ];
        let fields = of_flags(&flags.map(String::from));
        assert_eq!(fields["CapAdd"], json!(["NET_ADMIN"]));
        assert_eq!(fields["Privileged"], false);
        assert_eq!((&fields["Memory"], &fields["NanoCpus"]), (&json!(64 << 20), &json!(500_000_000)));
        assert_eq!((&fields["PidsLimit"], &fields["NetworkMode"]), (&json!(7), &json!("none")));
        assert_eq!(fields["Ulimits"], json!([{"Name": "nofile", "Soft": 1, "Hard": 2}]));
        assert_eq!(fields["Devices"][0]["CgroupPermissions"], "r");
        assert_eq!(fields["Devices"][1]["PathInContainer"], "/dev/b");
        assert!(!fields.contains_key("CapDrop"));
    }
}
