//! What is not dropped in silence.

use anyhow::{Result, bail};
use serde_json::Value;

/// Whether a field says anything: zero values are what clients send for "nothing".
pub fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(set) => *set,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// What is set and isn't honoured.
pub fn refused(asked: &Value, host: &Value, warnings: &mut Vec<String>) -> Result<()> {
    for key in ["DeviceRequests", "VolumesFrom", "Links", "VolumeDriver", "StorageOpt"] {
        if is_set(&host[key]) {
            bail!("HostConfig.{key} is not supported by Coracle: omit it");
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
