//! The types of what a client sends. A value of another type would be read as none, and dropped in
//! silence: `"CapDrop": "ALL"` would drop no capability.

use serde_json::{Value, json};

use crate::api::fields::says_something;

/// Checks a request's body; an error names the field.
pub fn types_are_right(asked: &Value) -> Result<(), String> {
    is_like(asked, &of_body(), "")
}

/// What the fields look like. `*` is any key of a map.
fn of_body() -> Value {
    let devices = json!([{"Path": "", "Rate": 0, "Weight": 0}]);
    let options = json!({"*": ""});
    json!({
        "Image": "", "Hostname": "", "Domainname": "", "User": "", "WorkingDir": "", "StopSignal": "",
        "StopTimeout": 0, "Tty": false, "OpenStdin": false, "StdinOnce": false, "NetworkDisabled": false,
        "MacAddress": "", "Labels": options, "ExposedPorts": {}, "Volumes": {}, "Healthcheck": {},
        "NetworkingConfig": {"EndpointsConfig": {"*": {
            "Aliases": [""], "Links": [""], "MacAddress": "", "DriverOpts": options,
            "IPAMConfig": {"IPv4Address": "", "IPv6Address": "", "LinkLocalIPs": [""]},
        }}},
        "HostConfig": {
            "Binds": [""], "LogConfig": {"Type": "", "Config": options}, "NetworkMode": "",
            "PortBindings": {"*": [{"HostIp": "", "HostPort": ""}]}, "AutoRemove": false,
            "RestartPolicy": {"Name": "", "MaximumRetryCount": 0}, "VolumeDriver": "", "VolumesFrom": [""],
            "ConsoleSize": [0], "Annotations": options, "CapAdd": [""], "CapDrop": [""], "CgroupnsMode": "",
            "Dns": [""], "DnsOptions": [""], "DnsSearch": [""], "ExtraHosts": [""], "GroupAdd": [""],
            "IpcMode": "", "Links": [""], "OomScoreAdj": 0, "PidMode": "", "Privileged": false,
            "PublishAllPorts": false, "ReadonlyRootfs": false, "SecurityOpt": [""], "StorageOpt": options,
            "Tmpfs": options, "UTSMode": "", "UsernsMode": "", "ShmSize": 0, "Sysctls": options, "Runtime": "",
            "Init": false, "CpuShares": 0, "Memory": 0, "NanoCpus": 0, "CgroupParent": "", "BlkioWeight": 0,
            "BlkioWeightDevice": devices, "BlkioDeviceReadBps": devices, "BlkioDeviceWriteBps": devices,
            "BlkioDeviceReadIOps": devices, "BlkioDeviceWriteIOps": devices, "CpuPeriod": 0, "CpuQuota": 0,
            "CpuRealtimePeriod": 0, "CpuRealtimeRuntime": 0, "CpusetCpus": "", "CpusetMems": "",
            "Devices": [{"PathOnHost": "", "PathInContainer": "", "CgroupPermissions": ""}],
            "DeviceCgroupRules": [""], "DeviceRequests": [{}], "MemoryReservation": 0, "MemorySwap": 0,
            "MemorySwappiness": 0, "OomKillDisable": false, "PidsLimit": 0,
            "Ulimits": [{"Name": "", "Soft": 0, "Hard": 0}], "MaskedPaths": [""], "ReadonlyPaths": [""],
            "Mounts": [{
                "Type": "", "Source": "", "Target": "", "ReadOnly": false,
                "BindOptions": {"Propagation": "", "NonRecursive": false, "ReadOnlyForceRecursive": false},
                "VolumeOptions": {
                    "NoCopy": false, "Subpath": "", "Labels": options,
                    "DriverConfig": {"Name": "", "Options": options},
                },
                "TmpfsOptions": {"SizeBytes": 0, "Mode": 0},
            }],
        },
    })
}

/// Fields of a container that this daemon honours, or says something about, wherever they are
/// looked at; their types are free.
const OF_ANY_TYPE: [&str; 10] = [
    "Cmd",
    "Entrypoint",
    "Env",
    "AttachStdin",
    "AttachStdout",
    "AttachStderr",
    "ArgsEscaped",
    "OnBuild",
    "Shell",
    // The client's own: the file to which it writes the id.
    "ContainerIDFile",
];

/// The fields that say something and that nobody here knows: those of later versions of the API,
/// and misspelt ones.
pub fn unknown_fields(asked: &Value) -> Vec<String> {
    let example = of_body();
    let of = |value: &Value, known: &Value, before: &str| -> Vec<String> {
        let is_known = |name: &str| known.get(name).is_some() || OF_ANY_TYPE.contains(&name);
        let fields = value.as_object().into_iter().flatten();
        let unknown = fields.filter(|(name, value)| !is_known(name) && says_something(value));
        unknown.map(|(name, _)| format!("{before}{name}")).collect()
    };
    let host = of(&asked["HostConfig"], &example["HostConfig"], "HostConfig.");
    [of(asked, &example, ""), host].concat()
}

/// Whether a value has the types of an example; an error names the field.
pub fn is_like(value: &Value, example: &Value, at: &str) -> Result<(), String> {
    let is_right = match (value, example) {
        (Value::Null, _) => true,
        (Value::Object(fields), Value::Object(known)) => {
            for (name, value) in fields {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                match known.get(name).or(known.get("*")) {
                    Some(example) => is_like(value, example, &at)?,
                    // Docker's daemon would take it for the field.
                    None => {
                        if let Some(known) = known.keys().find(|known| known.eq_ignore_ascii_case(name)) {
                            return Err(format!("{at} is not known: write {known}"));
                        }
                    }
                }
            }
            true
        }
        (Value::Array(all), Value::Array(example)) => {
            for (index, value) in all.iter().enumerate() {
                is_like(value, &example[0], &format!("{at}[{index}]"))?;
            }
            true
        }
        (Value::Number(number), Value::Number(_)) => number.is_i64() || number.is_u64(),
        _ => std::mem::discriminant(value) == std::mem::discriminant(example),
    };
    if is_right { Ok(()) } else { Err(format!("{at} is {value}, and must be {}", name_of(example))) }
}

fn name_of(example: &Value) -> &'static str {
    match example {
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
        Value::Number(_) => "an integer",
        Value::Bool(_) => "true or false",
        _ => "a text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(host: Value) -> String {
        types_are_right(&json!({"HostConfig": host})).expect_err("it was accepted")
    }

    #[test]
    fn a_wrong_type_is_refused_and_its_field_is_named() {
        for (host, field) in [
            (json!({"CapDrop": "ALL"}), "HostConfig.CapDrop is \"ALL\", and must be a list"),
            (json!({"CapAdd": {}}), "HostConfig.CapAdd"),
            (json!({"CapDrop": ["ALL", 5]}), "HostConfig.CapDrop[1]"),
            (json!({"capDrop": ["ALL"]}), "HostConfig.capDrop is not known: write CapDrop"),
            (json!({"SecurityOpt": "no-new-privileges"}), "HostConfig.SecurityOpt"),
            (json!({"PidsLimit": "10"}), "HostConfig.PidsLimit"),
            (json!({"PidsLimit": 1.5}), "HostConfig.PidsLimit is 1.5, and must be an integer"),
            (json!({"Binds": "/a:/b"}), "HostConfig.Binds"),
            (json!({"Devices": {}}), "HostConfig.Devices"),
            (json!({"Devices": [{"PathOnHost": 5}]}), "HostConfig.Devices[0].PathOnHost"),
            (json!({"Ulimits": [{"Name": "nofile", "Soft": "9"}]}), "HostConfig.Ulimits[0].Soft"),
            (json!({"Sysctls": {"a": 1}}), "HostConfig.Sysctls.a"),
            (json!({"Mounts": [{"ReadOnly": "true"}]}), "HostConfig.Mounts[0].ReadOnly"),
            (json!({"PortBindings": {"80/tcp": [{"HostPort": 80}]}}), "HostConfig.PortBindings.80/tcp[0].HostPort"),
            (json!({"ReadonlyRootfs": "true"}), "HostConfig.ReadonlyRootfs"),
            (json!({"Init": 1}), "HostConfig.Init"),
        ] {
            let refusal = refusal(host);
            assert!(refusal.starts_with(field), "{refusal}");
        }
        assert!(types_are_right(&json!({"Labels": ["a"]})).unwrap_err().starts_with("Labels"));
    }

    #[test]
    fn an_unknown_field_is_named_if_it_says_something() {
        let asked = json!({"Cmd": ["true"], "Colour": "red", "Shape": "", "HostConfig": {"Speed": 3, "Memory": 4}});
        assert_eq!(unknown_fields(&asked), ["Colour", "HostConfig.Speed"]);
        let host = ch06_containers::engine::default_host_config();
        assert_eq!(unknown_fields(&json!({"HostConfig": host})), [""; 0]);
    }

    #[test]
    fn every_field_that_inspect_shows_may_be_sent_back() {
        let host = ch06_containers::engine::default_host_config();
        types_are_right(&json!({"HostConfig": host, "NetworkingConfig": {"EndpointsConfig": {"default": {
            "IPAMConfig": null, "Links": null, "Aliases": null, "GwPriority": 0,
        }}}}))
        .unwrap();
    }
}
