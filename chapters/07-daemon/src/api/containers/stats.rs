//! What a container uses, once or every second.

use std::time::Duration;

use ch03_cgroups::cgroup::Cgroup;
use ch03_cgroups::stats::Stats;
use ch06_containers::record::Record;
use serde_json::{Value, json};

use crate::api::body::channel;
use crate::api::error::Answer;
use crate::api::router::Call;
use crate::api::system::blocking;
use crate::daemon::Daemon;

/// Samples, each with the one before: the client computes percentages.
pub async fn stats(daemon: Daemon, name: String, call: Call) -> Answer {
    let is_stream = call.query.get("stream").is_none_or(|text| !matches!(text, "0" | "false" | "False"));
    let one_shot = call.query.flag("one-shot");
    let engine = daemon.engine.clone();
    let record = blocking(move || engine.records().find(&name)).await?;
    let (sender, response) = channel("application/json");
    tokio::spawn(async move {
        let mut before = Value::Null;
        loop {
            let (daemon, id) = (daemon.clone(), record.id.clone());
            let sample = blocking(move || {
                let record = daemon.engine.records().find(&id)?;
                Ok(sample(&daemon, &record))
            })
            .await;
            let Ok(mut sample) = sample else { return };
            let now = json!({"cpu": sample["cpu_stats"], "read": sample["read"]});
            if !before.is_null() {
                sample["precpu_stats"] = before["cpu"].clone();
                sample["preread"] = before["read"].clone();
            }
            let is_first = before.is_null();
            before = now;
            if !is_first || one_shot || is_stream {
                if sender.send(format!("{sample}\n").into()).await.is_err() {
                    return;
                }
                if !is_stream {
                    return;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                () = sender.closed() => return,
            }
        }
    });
    Ok(response)
}

fn sample(daemon: &Daemon, record: &Record) -> Value {
    let cgroup = Cgroup::read(&daemon.engine.flags().state_root().join(&record.id)).ok().flatten();
    let stats = cgroup.map(|cgroup| serde_json::to_value(Stats::read(&cgroup)).unwrap_or_default()).unwrap_or_default();
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let system = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    // In ticks of a hundredth of a second; the API wants nanoseconds.
    let ticks: u64 = system
        .lines()
        .next()
        .map_or(0, |line| line.split_whitespace().skip(1).filter_map(|n| n.parse::<u64>().ok()).sum());
    json!({
        "id": record.id, "name": format!("/{}", record.name), "read": ch06_containers::now(), "preread": "0001-01-01T00:00:00Z",
        "num_procs": 0, "pids_stats": if stats["pids"].is_null() { json!({}) } else { stats["pids"].clone() },
        "cpu_stats": {
            "cpu_usage": {"total_usage": number(&stats["cpu"]["usage_usec"]) * 1000,
                "usage_in_kernelmode": number(&stats["cpu"]["system_usec"]) * 1000,
                "usage_in_usermode": number(&stats["cpu"]["user_usec"]) * 1000},
            "system_cpu_usage": ticks * 10_000_000, "online_cpus": cpus,
            "throttling_data": {"periods": number(&stats["cpu"]["periods"]),
                "throttled_periods": number(&stats["cpu"]["throttled_periods"]), "throttled_time": number(&stats["cpu"]["throttled_usec"]) * 1000},
        },
        "precpu_stats": {"cpu_usage": {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0}, "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0}},
        "memory_stats": memory(&stats["memory"]),
        "blkio_stats": {"io_service_bytes_recursive": [
            {"major": 0, "minor": 0, "op": "read", "value": number(&stats["io"]["read_bytes"])},
            {"major": 0, "minor": 0, "op": "write", "value": number(&stats["io"]["write_bytes"])}],
            "io_serviced_recursive": [
            {"major": 0, "minor": 0, "op": "read", "value": number(&stats["io"]["reads"])},
            {"major": 0, "minor": 0, "op": "write", "value": number(&stats["io"]["writes"])}]},
        "networks": networks(record), "storage_stats": {},
    })
}

/// Without a limit it is the machine's memory, for clients that show a percentage. Nothing, where
/// memory isn't counted.
fn memory(counted: &Value) -> Value {
    if counted.is_null() {
        return json!({});
    }
    json!({
        "usage": counted["usage"], "limit": counted["limit"].as_u64().unwrap_or_else(total_memory),
        "stats": {"inactive_file": 0, "cache": counted["cache"], "swap": counted["swap"]},
    })
}

fn total_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line =
        text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    line.unwrap_or_default() * 1024
}

/// Its interfaces' counters, as the container sees them: proc_pid_net(5).
fn networks(record: &Record) -> Value {
    let text = std::fs::read_to_string(format!("/proc/{}/net/dev", record.state.pid)).unwrap_or_default();
    let mut all = serde_json::Map::new();
    for line in text.lines().skip(2) {
        let Some((name, counters)) = line.split_once(':') else { continue };
        let numbers: Vec<u64> = counters.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        if name.trim() == "lo" || numbers.len() < 12 {
            continue;
        }
        all.insert(
            name.trim().into(),
            json!({"rx_bytes": numbers[0], "rx_packets": numbers[1], "rx_errors": numbers[2], "rx_dropped": numbers[3],
                   "tx_bytes": numbers[8], "tx_packets": numbers[9], "tx_errors": numbers[10], "tx_dropped": numbers[11]}),
        );
    }
    Value::Object(all)
}
