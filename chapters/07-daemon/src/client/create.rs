//! The body of `POST /containers/create`: flags of this command line in Docker's words. It is the
//! way back of `host_config`.
//!
//! A flag for which the API has no word is refused; none is dropped in silence.

use std::str::FromStr;

use anyhow::{Context, Result, bail};
use ch03_cgroups::units::bytes;
use ch05_network::ports::Publish;
use ch06_containers::engine::NewContainer;
use ch06_containers::record::Restart;
use serde_json::{Map, Value, json};

/// What a daemon is asked for.
pub fn body(new: &NewContainer) -> Result<Value> {
    let (config, host) = (&new.config, &new.host);
    let most = if let Restart::OnFailure(Some(most)) = host.restart { most } else { 0 };
    let mut log = Map::new();
    if let Some(size) = host.log_max_size {
        log.insert("max-size".into(), size.to_string().into());
    }
    if let Some(files) = host.log_max_file {
        log.insert("max-file".into(), files.to_string().into());
    }
    let mut asked = Asked {
        body: json!({
            "Image": new.image, "Cmd": config.cmd, "Env": config.env, "WorkingDir": config.working_dir,
            "User": config.user, "Hostname": config.hostname, "Labels": config.labels, "Tty": config.tty,
            "OpenStdin": config.open_stdin, "StdinOnce": config.stdin_once, "AttachStdin": config.open_stdin,
            "AttachStdout": true, "AttachStderr": true,
        }),
        host: json!({
            "AutoRemove": host.auto_remove, "LogConfig": {"Type": "json-file", "Config": log},
            "RestartPolicy": {"Name": host.restart.name(), "MaximumRetryCount": most},
            "PublishAllPorts": new.publish_all,
        }),
    };
    if !config.entrypoint.is_empty() {
        asked.body["Entrypoint"] = json!(config.entrypoint);
    }
    if !config.stop_signal.is_empty() {
        asked.body["StopSignal"] = json!(config.stop_signal);
    }
    if let Some(seconds) = config.stop_timeout {
        asked.body["StopTimeout"] = seconds.into();
    }
    if host.init {
        asked.host["Init"] = true.into();
    }
    for flag in &new.flags {
        let (name, value) = flag.strip_prefix("--").unwrap_or(flag).split_once('=').unwrap_or((&flag[2..], ""));
        asked.flag(name, value).with_context(|| format!("--{name} {value}"))?;
    }
    asked.body["HostConfig"] = asked.host;
    Ok(asked.body)
}

/// A request in the making.
struct Asked {
    body: Value,
    host: Value,
}

impl Asked {
    // ANCHOR: flag
    fn flag(&mut self, name: &str, value: &str) -> Result<()> {
        let size = || bytes(value).map_err(|error| anyhow::anyhow!("{error}"));
        match name {
            // The configuration has them already.
            "env" | "workdir" | "hostname" => {}
            "domainname" => self.body["Domainname"] = value.into(),
            "volume" => self.volume(value),
            "mount" => self.push("Mounts", mount(value)?),
            "tmpfs" => self.pair("Tmpfs", value, ':'),
            "read-only" => self.host["ReadonlyRootfs"] = true.into(),
            "network" => self.host["NetworkMode"] = value.into(),
            "publish" => self.publish(value)?,
            "dns" => self.push("Dns", value.into()),
            "add-host" => self.push("ExtraHosts", value.into()),
            "memory" => self.host["Memory"] = size()?.into(),
            "memory-swap" if value == "-1" => self.host["MemorySwap"] = json!(-1),
            "memory-swap" => self.host["MemorySwap"] = size()?.into(),
            "memory-reservation" => self.host["MemoryReservation"] = size()?.into(),
            "shm-size" => self.host["ShmSize"] = size()?.into(),
            "cpus" => self.host["NanoCpus"] = json!((number::<f64>(value)? * 1e9).round() as i64),
            "cpu-shares" => self.host["CpuShares"] = number::<i64>(value)?.into(),
            "cpu-period" => self.host["CpuPeriod"] = number::<i64>(value)?.into(),
            "cpu-quota" => self.host["CpuQuota"] = number::<i64>(value)?.into(),
            "cpuset-cpus" => self.host["CpusetCpus"] = value.into(),
            "cpuset-mems" => self.host["CpusetMems"] = value.into(),
            "pids-limit" => self.host["PidsLimit"] = number::<i64>(value)?.into(),
            "io-weight" => self.host["BlkioWeight"] = number::<u16>(value)?.into(),
            "oom-score-adj" => self.host["OomScoreAdj"] = number::<i32>(value)?.into(),
            "cgroup-parent" => self.host["CgroupParent"] = value.into(),
            "device-cgroup-rule" => self.push("DeviceCgroupRules", value.into()),
            "device-read-bps" => self.push("BlkioDeviceReadBps", rate(value)?),
            "device-write-bps" => self.push("BlkioDeviceWriteBps", rate(value)?),
            "device-read-iops" => self.push("BlkioDeviceReadIOps", rate(value)?),
            "device-write-iops" => self.push("BlkioDeviceWriteIOps", rate(value)?),
            "device" => self.push("Devices", device(value)),
            "ulimit" => self.push("Ulimits", ulimit(value)?),
            "cap-add" => self.push("CapAdd", value.into()),
            "cap-drop" => self.push("CapDrop", value.into()),
            "privileged" => self.host["Privileged"] = true.into(),
            "security-opt" => self.push("SecurityOpt", value.into()),
            "group-add" => self.push("GroupAdd", value.into()),
            "sysctl" => self.pair("Sysctls", value, '='),
            "pid" => self.host["PidMode"] = value.into(),
            "ipc" => self.host["IpcMode"] = value.into(),
            "uts" => self.host["UTSMode"] = value.into(),
            _ => bail!(
                "the Engine API doesn't support this flag, which refers to this machine\ncure: omit it, or run without --host and DOCKER_HOST"
            ),
        }
        Ok(())
    }
    // ANCHOR_END: flag

    /// One more in a list.
    fn push(&mut self, key: &str, value: Value) {
        match self.host[key].as_array_mut() {
            Some(list) => list.push(value),
            None => self.host[key] = json!([value]),
        }
    }

    /// One more in an object.
    fn pair(&mut self, key: &str, text: &str, separator: char) {
        let (name, value) = text.split_once(separator).unwrap_or((text, ""));
        self.host[key][name] = value.into();
    }

    fn volume(&mut self, text: &str) {
        match text.contains(':') {
            true => self.push("Binds", text.into()),
            // Only a target: a volume that nobody names.
            false => self.body["Volumes"][text] = json!({}),
        }
    }

    fn publish(&mut self, text: &str) -> Result<()> {
        let port = Publish::from_str(text).map_err(|error| anyhow::anyhow!("{error}"))?;
        let name = format!("{}/tcp", port.container);
        let binding = json!({"HostIp": port.ip.to_string(), "HostPort": port.host.to_string()});
        match self.host["PortBindings"][&name].as_array_mut() {
            Some(bindings) => bindings.push(binding),
            None => self.host["PortBindings"][&name] = json!([binding]),
        }
        self.body["ExposedPorts"][&name] = json!({});
        Ok(())
    }
}

fn number<T: FromStr>(text: &str) -> Result<T> {
    text.parse().ok().with_context(|| format!("{text:?} is not a number"))
}

/// `DEVICE:SIZE`.
fn rate(text: &str) -> Result<Value> {
    let (path, rate) = text.rsplit_once(':').context("it must be DEVICE:NUMBER")?;
    Ok(json!({"Path": path, "Rate": bytes(rate).map_err(|error| anyhow::anyhow!("{error}"))?}))
}

/// `HOST[:CONTAINER[:PERMISSIONS]]`.
fn device(text: &str) -> Value {
    let mut parts = text.split(':');
    let host = parts.next().unwrap_or_default();
    let container = parts.next().unwrap_or(host);
    json!({"PathOnHost": host, "PathInContainer": container, "CgroupPermissions": parts.next().unwrap_or("rwm")})
}

/// `NAME=SOFT[:HARD]`.
fn ulimit(text: &str) -> Result<Value> {
    let (name, values) = text.split_once('=').context("it must be NAME=SOFT[:HARD]")?;
    let (soft, hard) = values.split_once(':').unwrap_or((values, values));
    Ok(json!({"Name": name, "Soft": number::<i64>(soft)?, "Hard": number::<i64>(hard)?}))
}

/// `type=bind,source=…,target=…,readonly`.
fn mount(text: &str) -> Result<Value> {
    let mut mount = json!({"Type": "volume"});
    for field in text.split(',') {
        match field.split_once('=').unwrap_or((field, "")) {
            ("type", value) => mount["Type"] = value.into(),
            ("source" | "src", value) => mount["Source"] = value.into(),
            ("target" | "dst" | "destination", value) => mount["Target"] = value.into(),
            ("readonly" | "ro", "" | "true" | "1") => mount["ReadOnly"] = true.into(),
            ("readonly" | "ro", "false" | "0") => {}
            ("tmpfs-size", value) => {
                let size = bytes(value).map_err(|error| anyhow::anyhow!("{error}"))?;
                mount["TmpfsOptions"]["SizeBytes"] = size.into();
            }
            (other, _) => bail!("the field {other} of a mount can't be sent to a daemon"),
        }
    }
    Ok(mount)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::images::Image;
    use crate::host_config::new_container;

    fn sent(flags: &[&str]) -> Result<Value> {
        let flags = flags.iter().map(ToString::to_string).collect();
        body(&NewContainer { image: "x".into(), flags, ..NewContainer::default() })
    }

    #[test]
    fn what_the_daemon_makes_of_it_are_the_same_flags() {
        let flags = [
            "--domainname=d",
            "--volume=/srv:/data:ro",
            "--volume=vol:/v",
            "--mount=type=bind,source=/a,target=/b,readonly",
            "--mount=type=tmpfs,target=/t,tmpfs-size=1048576",
            "--tmpfs=/tmp:size=1m",
            "--read-only",
            "--network=none",
            "--publish=127.0.0.1:8080:80/tcp",
            "--dns=9.9.9.9",
            "--add-host=a:10.0.0.1",
            "--memory=1048576",
            "--memory-swap=-1",
            "--cpus=0.5",
            "--cpu-shares=7",
            "--cpuset-cpus=0",
            "--pids-limit=9",
            "--oom-score-adj=5",
            "--ulimit=nofile=10:20",
            "--cap-add=NET_ADMIN",
            "--cap-drop=ALL",
            "--privileged",
            "--security-opt=no-new-privileges",
            "--group-add=7",
            "--sysctl=net.ipv4.ip_forward=1",
            "--pid=host",
            "--ipc=host",
            "--uts=host",
        ];
        let (new, warnings) = new_container(&sent(&flags).unwrap(), &Image::default()).unwrap();
        assert_eq!(new.flags, flags);
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn an_anonymous_volume_and_sizes_with_units_are_sent_as_docker_sends_them() {
        let body = sent(&["--volume=/only", "--memory=64m"]).unwrap();
        assert_eq!((&body["Volumes"], &body["HostConfig"]["Memory"]), (&json!({"/only": {}}), &json!(64 << 20)));
    }

    #[test]
    fn what_the_api_has_no_word_for_is_refused() {
        for flag in ["--rootfs=/srv", "--join=net=x", "--map-root", "--storage-driver=vfs"] {
            let error = format!("{:#}", sent(&[flag]).unwrap_err());
            assert!(error.contains("refers to this machine\ncure:") && error.contains(&flag[..5]), "{error}");
        }
    }
}
