//! Fields that other daemons honour and this one doesn't.
//!
//! Where a container without them is less safe than what was asked for, or its data is elsewhere,
//! they are refused; the others are warnings.

use anyhow::{Result, bail};
use ch06_containers::powers::host_config::paths;
use serde_json::Value;

use super::refused::is_set;

/// What is about the whole container.
pub fn of_container(asked: &Value, host: &Value, warnings: &mut Vec<String>) -> Result<()> {
    let runtime = host["Runtime"].as_str().unwrap_or_default();
    if !matches!(runtime, "" | "runc" | "io.containerd.runc.v2" | "coracle") {
        bail!("HostConfig.Runtime {runtime:?} is not supported by Coracle: omit it");
    }
    if host["CgroupnsMode"] == "host" {
        warnings.push("HostConfig.CgroupnsMode has no effect in Coracle: the container has its own".into());
    }
    let (masked, read_only) = paths(false);
    for (key, ours) in [("MaskedPaths", masked), ("ReadonlyPaths", read_only)] {
        let Some(wanted) = host[key].as_array() else { continue };
        let ours = ours.as_array().cloned().unwrap_or_default();
        if let Some(more) = wanted.iter().find(|path| !ours.contains(path)) {
            bail!("HostConfig.{key} with {more} is not supported by Coracle: omit the field");
        }
        if host["Privileged"] != true && ours.iter().any(|path| !wanted.contains(path)) {
            warnings.push(format!("HostConfig.{key} has no effect in Coracle: its own list is used"));
        }
    }
    if host["MemorySwappiness"].as_i64().is_some_and(|swappiness| swappiness != -1) {
        warnings.push("HostConfig.MemorySwappiness has no effect in Coracle".into());
    }
    if is_set(&host["Annotations"]) {
        warnings.push("HostConfig.Annotations has no effect in Coracle".into());
    }
    if is_set(&asked["MacAddress"]) {
        warnings.push("MacAddress has no effect in Coracle".into());
    }
    for (name, endpoint) in asked["NetworkingConfig"]["EndpointsConfig"].as_object().into_iter().flatten() {
        for key in ["Aliases", "Links", "MacAddress", "DriverOpts"] {
            if is_set(&endpoint[key]) {
                warnings.push(format!("{key} on the network {name} has no effect in Coracle"));
            }
        }
        if endpoint["IPAMConfig"].as_object().is_some_and(|config| config.values().any(is_set)) {
            warnings.push(format!("IPAMConfig on the network {name} has no effect in Coracle: an address is chosen"));
        }
    }
    Ok(())
}

/// What is about one of `Mounts`. A propagation is chapter 2's to refuse.
pub fn of_mount(mount: &Value, warnings: &mut Vec<String>) -> Result<()> {
    let (bind, volume) = (&mount["BindOptions"], &mount["VolumeOptions"]);
    let target = mount["Target"].as_str().unwrap_or_default();
    let driver = volume["DriverConfig"]["Name"].as_str().unwrap_or_default();
    for (name, is_asked_for) in [
        ("BindOptions.NonRecursive", is_set(&bind["NonRecursive"])),
        ("TmpfsOptions.Options", is_set(&mount["TmpfsOptions"]["Options"])),
        ("VolumeOptions.Subpath", is_set(&volume["Subpath"])),
        ("VolumeOptions.DriverConfig.Name", !matches!(driver, "" | "local")),
        ("VolumeOptions.DriverConfig.Options", is_set(&volume["DriverConfig"]["Options"])),
    ] {
        if is_asked_for {
            bail!("{name} of the mount at {target} is not supported by Coracle: omit it");
        }
    }
    for key in ["NoCopy", "Labels"] {
        if is_set(&volume[key]) {
            warnings.push(format!("VolumeOptions.{key} of the mount at {target} has no effect in Coracle"));
        }
    }
    Ok(())
}
