//! What the kernel shows of the clocks that a program's children will have.

use std::fs;
use std::time::Duration;

use anyhow::Result;
use checker::{Heard, Program};
use lab::{Lab, look};
use nix::errno::Errno;

use checker::namespaces::Namespaces;

/// One run of the program.
#[derive(Debug, Clone)]
pub struct Seen {
    pub asked: Duration,
    pub heard: Heard,
    /// Whether the program still ran when we looked.
    pub alive: bool,
    /// The kinds of namespaces that the program has left; `time` if its own clocks are others.
    pub left: Vec<&'static str>,
    pub monotonic: Offset,
    pub boottime: Offset,
    /// The offsets can't be changed any more: somebody was born with them, or moved to them.
    pub frozen: bool,
    /// What the machine's boot clock shows, in seconds.
    pub up: i64,
    pub printed: String,
}

/// Seconds, and nanoseconds of another one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Offset(pub i64, pub i64);

pub fn at(program: &Program, asked: Duration) -> Result<Seen> {
    let arguments = [asked.as_secs().to_string(), asked.subsec_nanos().to_string()];
    let mut running = program.start(Lab::new(), &[&arguments[0], &arguments[1]])?;
    let main = running.main();
    let own_clocks = || look::namespace_inode(main, "time").ok();
    let (before, own_before) = (Namespaces::of(main), own_clocks());

    let heard = running.go_on()?;

    let (after, own_after) = (Namespaces::of(main), own_clocks());
    let file = format!("/proc/{main}/timens_offsets");
    let offsets = fs::read_to_string(&file).unwrap_or_default();
    let (monotonic, boottime) = (offset(&offsets, "monotonic"), offset(&offsets, "boottime"));
    // What is there already: if it may be written, nobody lives by it yet.
    let same = fs::write(&file, format!("boottime {} {}", boottime.0, boottime.1));
    let frozen = same.is_err_and(|error| error.raw_os_error() == Some(Errno::EACCES as i32));
    // Asked last: what was read before was read of a living process.
    let alive = look::process_exists(main);
    let mut left = before.left(&after);
    if own_before != own_after {
        left.push("time");
    }
    if !alive {
        left.clear();
    }
    Ok(Seen { asked, heard, alive, left, monotonic, boottime, frozen, up: up(), printed: running.end() })
}

/// A line of /proc/PID/timens_offsets: `boottime        86400         0`.
fn offset(offsets: &str, clock: &str) -> Offset {
    let line = offsets.lines().find_map(|line| line.strip_prefix(clock)).unwrap_or_default();
    let mut numbers = line.split_whitespace().map_while(|number| number.parse().ok());
    Offset(numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default())
}

fn up() -> i64 {
    let text = fs::read_to_string("/proc/uptime").unwrap_or_default();
    text.split('.').next().and_then(|seconds| seconds.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_clock_has_a_line() {
        let text = "monotonic           0         0\nboottime        86400        -7\n";
        assert_eq!(offset(text, "monotonic"), Offset(0, 0));
        assert_eq!(offset(text, "boottime"), Offset(86400, -7));
        assert_eq!(offset("", "boottime"), Offset(0, 0));
    }

    #[test]
    fn the_machine_has_been_up() {
        assert!(up() > 0);
    }
}
