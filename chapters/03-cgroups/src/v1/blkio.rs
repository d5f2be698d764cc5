//! `blkio` on v1: Documentation/admin-guide/cgroup-v1/blkio-controller.rst. It throttles reads and
//! direct writes; writes that go through the page cache are written back by the kernel later, and
//! nobody's cgroup pays.

use std::path::Path;

use crate::limits::{Limits, Rate};
use crate::setting::{Setting, read};
use crate::stats::{Io, Stats};

/// The share when others want a device too, with the scheduler BFQ: 1 to 1000.
pub const WEIGHT: &str = "blkio.bfq.weight";
/// `major:minor bytes` a second.
pub const READ_BPS: &str = "blkio.throttle.read_bps_device";
/// `major:minor bytes` a second.
pub const WRITE_BPS: &str = "blkio.throttle.write_bps_device";
/// `major:minor reads` a second.
pub const READ_IOPS: &str = "blkio.throttle.read_iops_device";
/// `major:minor writes` a second.
pub const WRITE_IOPS: &str = "blkio.throttle.write_iops_device";
/// `major:minor Read bytes` and so on, with what is below.
pub const BYTES: &str = "blkio.throttle.io_service_bytes_recursive";
/// The same in operations.
pub const OPERATIONS: &str = "blkio.throttle.io_serviced_recursive";

/// The writes, one a device and kind.
pub fn settings(limits: &Limits) -> Vec<Setting> {
    let weight = limits.io_weight.iter().map(|weight| Setting::new("--io-weight", WEIGHT, weight));
    let throttles = limits.throttles.iter().map(|throttle| {
        let (flag, file) = match throttle.rate {
            Rate::ReadBps => ("--device-read-bps", READ_BPS),
            Rate::WriteBps => ("--device-write-bps", WRITE_BPS),
            Rate::ReadIops => ("--device-read-iops", READ_IOPS),
            Rate::WriteIops => ("--device-write-iops", WRITE_IOPS),
        };
        let (major, minor) = throttle.device;
        Setting::new(flag, file, format!("{major}:{minor} {}", throttle.most))
    });
    weight.chain(throttles).collect()
}

/// The counters.
pub fn read_stats(directory: &Path, stats: &mut Stats) {
    let (bytes, operations) = (read(directory, BYTES), read(directory, OPERATIONS));
    let (read_bytes, write_bytes) = (sum(&bytes, "Read"), sum(&bytes, "Write"));
    let (reads, writes) = (sum(&operations, "Read"), sum(&operations, "Write"));
    stats.io = Some(Io { read_bytes, write_bytes, reads, writes });
}

/// Over all devices: `253:0 Read 4096`. (The last line, `Total 4096`, has no device.)
fn sum(text: &str, operation: &str) -> u64 {
    let number = |line: &str| {
        let mut fields = line.split(' ').skip(1);
        (fields.next()? == operation).then(|| fields.next()?.parse::<u64>().ok())?
    };
    text.lines().filter_map(number).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_added_up() {
        let text = "253:0 Read 4096\n253:0 Write 8192\n8:0 Read 1\nTotal 12289\n";
        assert_eq!([sum(text, "Read"), sum(text, "Write")], [4097, 8192]);
    }
}
