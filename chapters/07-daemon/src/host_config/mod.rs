//! Docker's words for a container, as chapter 6's: the body of `POST /containers/create`.
//!
//! A field that is set and isn't honoured is an error, or a warning in the answer; none is dropped
//! in silence.

mod config;
mod flags;
mod refused;
mod surroundings;
mod types;
mod unhonoured;

use anyhow::Result;
use ch06_containers::engine::NewContainer;
use ch06_containers::record::{Config, HostConfig};
use serde_json::Value;

use crate::api::images::Image;
use flags::Flags;
use types::unknown_fields;
pub use types::{is_like, types_are_right};

/// The flags of what surrounds a container, where nothing but `HostConfig` is known: a step of a
/// build. With warnings.
pub fn flags_of(host: &Value) -> Result<(Vec<String>, Vec<String>)> {
    let (mut flags, mut warnings) = (Flags::default(), Vec::new());
    surroundings::network(&Value::Null, host, &Config::default(), &mut flags, &mut warnings)?;
    surroundings::limits(host, &mut flags)?;
    surroundings::powers(host, &mut flags);
    Ok((flags.0, warnings))
}

/// What is asked for, on an image; and warnings.
pub fn new_container(asked: &Value, image: &Image) -> Result<(NewContainer, Vec<String>)> {
    let host = &asked["HostConfig"];
    let mut flags = Flags::default();
    let mut warnings = Vec::new();
    let config = config::config(asked, image)?;
    for entry in &config.env {
        flags.value("env", entry);
    }
    if !config.working_dir.is_empty() {
        flags.value("workdir", &config.working_dir);
    }
    flags.text("hostname", &asked["Hostname"]);
    flags.text("domainname", &asked["Domainname"]);
    surroundings::mounts(host, &mut flags, &mut warnings)?;
    surroundings::network(asked, host, &config, &mut flags, &mut warnings)?;
    surroundings::limits(host, &mut flags)?;
    surroundings::powers(host, &mut flags);
    refused::refused(asked, host, &mut warnings)?;
    unhonoured::of_container(asked, host, &mut warnings)?;
    let unknown = unknown_fields(asked);
    warnings.extend(unknown.iter().map(|field| format!("{field} is not known to Coracle, and has no effect")));
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
    fn a_field_of_a_mount_does_not_become_another() {
        for wrong in [
            json!({"Mounts": [{"Type": "bind", "Source": "/srv,source=/etc", "Target": "/b"}]}),
            json!({"Mounts": [{"Type": "bind", "Source": "/srv", "Target": "/b,bind-propagation=rshared"}]}),
            json!({"Mounts": [{"Type": "volume", "Source": "/etc", "Target": "/b"}]}),
            json!({"Mounts": [{"Type": "volume", "Source": "/etc:/b", "Target": "/c"}]}),
            json!({"Mounts": [{"Type": "volume", "Source": "", "Target": "/etc:/b"}]}),
            json!({"Mounts": [{"Type": "tmpfs", "Target": "/b,tmpfs-mode=7777"}]}),
            json!({"Tmpfs": {"/b:exec": ""}}),
        ] {
            let asked = json!({"Image": "x", "Cmd": ["true"], "HostConfig": wrong});
            let answer = new_container(&asked, &Image::default()).map(|made| made.0.flags);
            assert!(answer.as_ref().is_err_and(|error| error.to_string().contains("invalid")), "{asked}: {answer:?}");
        }
    }

    #[test]
    fn nothing_is_dropped_in_silence() {
        let asked = json!({"Image": "x", "Cmd": ["a"], "HostConfig": {"DnsSearch": ["x"]}, "Healthcheck": {"Test": ["CMD", "x"]}});
        assert_eq!(new_container(&asked, &Image::default()).unwrap().1.len(), 2);
        let host = |host: Value| {
            new_container(&json!({"Image": "x", "Cmd": ["a"], "HostConfig": host}), &Image::default())
                .map(|made| made.1)
        };
        for warned in [
            json!({"CgroupnsMode": "host"}),
            json!({"MaskedPaths": []}),
            json!({"ReadonlyPaths": []}),
            json!({"Annotations": {"a": "b"}}),
            json!({"MemorySwappiness": 60}),
            json!({"Binds": ["/a:/b:rshared"]}),
            json!({"Mounts": [{"Type": "volume", "Target": "/b", "VolumeOptions": {"NoCopy": true}}]}),
        ] {
            assert_eq!(host(warned.clone()).unwrap().len(), 1, "{warned}");
        }
        for refused in [
            json!({"Runtime": "runsc"}),
            json!({"MaskedPaths": ["/srv"]}),
            json!({"Mounts": [{"Type": "bind", "Source": "/a", "Target": "/b", "BindOptions": {"NonRecursive": true}}]}),
            json!({"Mounts": [{"Type": "volume", "Target": "/b", "VolumeOptions": {"Subpath": "s"}}]}),
            json!({"Mounts": [{"Type": "tmpfs", "Target": "/b", "TmpfsOptions": {"Options": [["exec"]]}}]}),
            json!({"Tmpfs": {"/b": "size=1m,uid=5"}}),
        ] {
            assert!(host(refused.clone()).unwrap_err().to_string().contains("not supported"), "{refused}");
        }
        let (masked, read_only) = ch06_containers::powers::host_config::paths(false);
        let silent = json!({
            "CgroupnsMode": "private", "MaskedPaths": masked, "ReadonlyPaths": read_only, "Runtime": "runc",
            "MemorySwappiness": -1, "Annotations": {}, "Binds": ["/a:/b:ro,z"],
        });
        assert_eq!(host(silent).unwrap(), Vec::<String>::new());
        let asked = |endpoint: Value| {
            let body =
                json!({"Image": "x", "Cmd": ["a"], "NetworkingConfig": {"EndpointsConfig": {"default": endpoint}}});
            new_container(&body, &Image::default()).unwrap().1
        };
        assert_eq!(asked(json!({"Aliases": ["db"], "IPAMConfig": {"IPv4Address": "10.0.0.9"}})).len(), 2);
        assert!(asked(json!({"Aliases": null, "IPAMConfig": null, "Links": null, "MacAddress": ""})).is_empty());
        let asked = json!({"Image": "x", "HostConfig": {"DeviceRequests": [{}]}});
        assert!(new_container(&asked, &Image::default()).unwrap_err().to_string().contains("not supported"));
    }
}
