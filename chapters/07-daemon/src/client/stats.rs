//! What a daemon's containers use, as chapter 3 shows it.

use anyhow::{Result, bail};
use ch01_namespaces::Failure;
use ch03_cgroups::Counted;
use ch03_cgroups::stats::{Cpu, Io, Memory, Pids, Stats};
use ch06_containers::engine::{Engine, ListRequest};
use serde_json::Value;

use super::{Remote, container};

impl Remote {
    /// The containers named, which must run; without names all that run.
    pub fn counted(&self, names: &[String]) -> Result<Vec<Counted<'_>>> {
        if !names.is_empty() {
            return names.iter().map(|name| self.counted_one(name)).collect();
        }
        let all = self.list(&ListRequest::default())?;
        // One that ends meanwhile doesn't hide the others.
        Ok(all.iter().filter_map(|one| self.counted_one(&one.id).ok()).collect())
    }

    fn counted_one(&self, name: &str) -> Result<Counted<'_>> {
        let found = self.inspect(name)?;
        if found["State"]["Running"] != true {
            bail!(Failure::new(1, format!("Container {name} is not running")));
        }
        let id = found["Id"].as_str().unwrap_or(name).to_string();
        let is_limited = found["HostConfig"]["Memory"].as_u64().is_some_and(|limit| limit > 0);
        let asked = id.clone();
        let read = move || {
            let runs = || self.inspect(&asked).is_ok_and(|found| found["State"]["Running"] == true);
            if !runs() {
                return Ok(None);
            }
            match self.get(container(&asked, "stats").with("stream", 0).with("one-shot", 1)) {
                Ok(sample) => Ok(Some(stats_of(&sample, is_limited))),
                // It has ended in between.
                Err(_) if !runs() => Ok(None),
                Err(error) => Err(error),
            }
        };
        let name = found["Name"].as_str().map(|name| name.trim_start_matches('/').to_string());
        Ok(Counted { id, name, read: Box::new(read) })
    }
}

/// A sample of the API's. What it doesn't count is not there, or null.
fn stats_of(sample: &Value, is_limited: bool) -> Stats {
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let (cpu, throttled) = (&sample["cpu_stats"]["cpu_usage"], &sample["cpu_stats"]["throttling_data"]);
    let memory = &sample["memory_stats"];
    let of_memory = |keys: &[&str]| keys.iter().find_map(|key| memory["stats"][*key].as_u64()).unwrap_or_default();
    let sum = |kind: &str, operation: &str| -> u64 {
        let rows = sample["blkio_stats"][kind].as_array();
        let is_it = |row: &&Value| row["op"].as_str().is_some_and(|op| op.eq_ignore_ascii_case(operation));
        rows.into_iter().flatten().filter(is_it).map(|row| number(&row["value"])).sum()
    };
    let (bytes, operations) = ("io_service_bytes_recursive", "io_serviced_recursive");
    Stats {
        cpu: Cpu {
            usage_usec: number(&cpu["total_usage"]) / 1000,
            user_usec: number(&cpu["usage_in_usermode"]) / 1000,
            system_usec: number(&cpu["usage_in_kernelmode"]) / 1000,
            periods: number(&throttled["periods"]),
            throttled_periods: number(&throttled["throttled_periods"]),
            throttled_usec: number(&throttled["throttled_time"]) / 1000,
        },
        memory: memory["usage"].as_u64().map(|usage| Memory {
            usage,
            cache: of_memory(&["cache", "file"]),
            swap: of_memory(&["swap"]),
            limit: memory["limit"].as_u64().filter(|_| is_limited),
        }),
        pids: sample["pids_stats"]["current"]
            .as_u64()
            // Docker says the largest number there is where there is no limit.
            .map(|current| Pids {
                current,
                limit: sample["pids_stats"]["limit"].as_u64().filter(|most| *most < u64::MAX),
            }),
        io: sample["blkio_stats"][bytes].is_array().then(|| Io {
            read_bytes: sum(bytes, "read"),
            write_bytes: sum(bytes, "write"),
            reads: sum(operations, "read"),
            writes: sum(operations, "write"),
        }),
        pressure: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sample_becomes_what_is_counted_here() {
        let sample = json!({
            "cpu_stats": {"cpu_usage": {"total_usage": 5000, "usage_in_usermode": 2000}, "throttling_data": {"periods": 3}},
            "memory_stats": {"usage": 70, "limit": 100, "stats": {"file": 30}},
            "pids_stats": {"current": 2, "limit": u64::MAX},
            "blkio_stats": {"io_service_bytes_recursive": [{"op": "Read", "value": 4}, {"op": "read", "value": 5}]},
        });
        let stats = stats_of(&sample, false);
        assert_eq!((stats.cpu.usage_usec, stats.cpu.user_usec, stats.cpu.periods), (5, 2, 3));
        assert_eq!(stats.memory, Some(Memory { usage: 70, cache: 30, swap: 0, limit: None }));
        assert_eq!(stats_of(&sample, true).memory.unwrap().limit, Some(100));
        assert_eq!(stats.pids, Some(Pids { current: 2, limit: None }));
        assert_eq!(stats.io.map(|io| (io.read_bytes, io.write_bytes)), Some((9, 0)));
        let nothing = stats_of(&json!({"memory_stats": {}, "pids_stats": {}, "blkio_stats": {}}), false);
        assert!(nothing.memory.is_none() && nothing.pids.is_none() && nothing.io.is_none());
    }
}
