//! `io` on v2. It knows whose page a write-back writes, so that buffered writes are throttled too.

use std::path::Path;

use crate::convert::io_weight;
use crate::limits::{Limits, Rate};
use crate::setting::{Setting, read};
use crate::stats::{Io, Stats};
use crate::verify::bfq_is_chosen;

/// The share when others want a device too: 1 to 10000. It is io.cost's, and there even where that
/// is on for no disk.
pub const WEIGHT: &str = "io.weight";
/// The same for the scheduler BFQ: 1 to 1000.
pub const BFQ_WEIGHT: &str = "io.bfq.weight";
/// `major:minor enable=1 …`, one line a device for which io.cost was set. Only in the root of all
/// cgroups.
pub const COST: &str = "io.cost.qos";
/// `major:minor rbps=… wbps=… riops=… wiops=…`, one line a device.
pub const MAX: &str = "io.max";
/// `major:minor rbytes=… wbytes=… rios=… wios=…`, one line a device.
pub const STAT: &str = "io.stat";

/// The writes: the limits of one device in one line.
pub fn settings(limits: &Limits) -> Vec<Setting> {
    let mut settings: Vec<_> =
        limits.io_weight.iter().map(|weight| Setting::new("--io-weight", WEIGHT, io_weight(*weight))).collect();
    let mut devices: Vec<(u64, u64)> = Vec::new();
    for throttle in &limits.throttles {
        if !devices.contains(&throttle.device) {
            devices.push(throttle.device);
        }
    }
    for device in devices {
        let mut line = format!("{}:{}", device.0, device.1);
        let mut flag = "--device-read-bps";
        for throttle in limits.throttles.iter().filter(|throttle| throttle.device == device) {
            let key = match throttle.rate {
                Rate::ReadBps => "rbps",
                Rate::WriteBps => "wbps",
                Rate::ReadIops => "riops",
                Rate::WriteIops => "wiops",
            };
            flag = match throttle.rate {
                Rate::ReadBps => "--device-read-bps",
                Rate::WriteBps => "--device-write-bps",
                Rate::ReadIops => "--device-read-iops",
                Rate::WriteIops => "--device-write-iops",
            };
            line.push_str(&format!(" {key}={}", throttle.most));
        }
        settings.push(Setting::new(flag, MAX, line));
    }
    settings
}

/// Where BFQ is the one to keep to weights, they go into its own file, and as they are: its range
/// is v1's.
pub fn for_bfq(settings: &mut [Setting], limits: &Limits, directory: &Path) {
    if !directory.join(BFQ_WEIGHT).exists() || (directory.join(WEIGHT).exists() && !bfq_is_chosen()) {
        return;
    }
    for setting in settings.iter_mut().filter(|setting| setting.file == WEIGHT) {
        setting.file = BFQ_WEIGHT;
        setting.value = limits.io_weight.unwrap_or_default().to_string();
    }
}

/// The counters.
pub fn read_stats(directory: &Path, stats: &mut Stats) {
    let text = read(directory, STAT);
    let (read_bytes, write_bytes) = (sum(&text, "rbytes="), sum(&text, "wbytes="));
    let (reads, writes) = (sum(&text, "rios="), sum(&text, "wios="));
    stats.io = Some(Io { read_bytes, write_bytes, reads, writes });
}

/// Over all devices.
fn sum(text: &str, key: &str) -> u64 {
    text.split_whitespace().filter_map(|word| word.strip_prefix(key)?.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_added_up() {
        let text = "253:0 rbytes=4096 wbytes=1 rios=1 wios=0 dbytes=0 dios=0\n8:0 rbytes=4 wbytes=0 rios=1 wios=0\n";
        assert_eq!([sum(text, "rbytes="), sum(text, "rios=")], [4100, 2]);
    }
}
