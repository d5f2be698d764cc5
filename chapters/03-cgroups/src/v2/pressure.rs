//! Pressure: how long work in a cgroup stood still for want of something. Linux:
//! Documentation/accounting/psi.rst.

use std::path::Path;

use crate::setting::read;
use crate::stats::Pressure;

/// Waiting for a processor.
pub const CPU: &str = "cpu.pressure";
/// Waiting for memory.
pub const MEMORY: &str = "memory.pressure";
/// Waiting for a block device.
pub const IO: &str = "io.pressure";

/// `None` where the kernel keeps no account of it.
pub fn read_pressure(directory: &Path) -> Option<Pressure> {
    let of = |file| some_avg10(&read(directory, file));
    Some(Pressure { cpu: of(CPU)?, memory: of(MEMORY)?, io: of(IO)? })
}

/// `some avg10=1.23 …`: in the last ten seconds, the part of the time in which some process waited,
/// in per cent.
fn some_avg10(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("some "))?;
    line.split(' ').find_map(|word| word.strip_prefix("avg10="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ten_seconds_are_read() {
        let text = "some avg10=1.23 avg60=0.00 avg300=0.00 total=7\nfull avg10=0.10 avg60=0.00 avg300=0.00 total=0\n";
        assert_eq!(some_avg10(text), Some(1.23));
        assert_eq!(some_avg10(""), None);
    }
}
