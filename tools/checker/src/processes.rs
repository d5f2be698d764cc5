//! Processes of a program, as the kernel shows them from outside.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use lab::observe;

/// The name that a process has, or has given itself: /proc/PID/comm, 15 bytes at most.
pub fn name(pid: i32) -> Option<String> {
    fs::read_to_string(format!("/proc/{pid}/comm")).ok().map(|name| name.trim_end().to_string())
}

/// Those below `ancestor`, dead or alive, that have this name.
pub fn named(ancestor: i32, wanted: &str) -> Vec<i32> {
    observe::descendants(ancestor).into_iter().filter(|&pid| name(pid).as_deref() == Some(wanted)).collect()
}

/// Whether it has ended and nobody has waited for it.
pub fn is_zombie(pid: i32) -> bool {
    status(pid, "State").is_some_and(|state| state.starts_with('Z'))
}

/// Whether this signal was sent to the process and is blocked there.
pub fn is_pending(pid: i32, signal: i32) -> bool {
    let pending = status(pid, "ShdPnd").and_then(|hex| u64::from_str_radix(&hex, 16).ok());
    pending.is_some_and(|set| set >> (signal - 1) & 1 == 1)
}

/// A field of /proc/PID/status.
pub fn status(pid: i32, field: &str) -> Option<String> {
    value(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?, field).map(str::to_string)
}

fn value<'a>(status: &'a str, field: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).map(str::trim)
}

/// Waits until it is so, at most for `patience`; returns whether it is.
pub fn eventually(patience: Duration, is_so: impl Fn() -> bool) -> bool {
    let end = Instant::now() + patience;
    loop {
        if is_so() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        sleep(Duration::from_millis(2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_name_and_is_no_zombie() {
        let own = std::process::id() as i32;
        assert!(name(own).is_some_and(|name| !name.is_empty()));
        assert!(!is_zombie(own) && !is_pending(own, 10));
        assert!(name(0).is_none() && !is_zombie(0));
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        assert_eq!(value("SigPnd:\t0\nShdPnd:\t0200\n", "ShdPnd"), Some("0200"));
        assert_eq!(value("ShdPndX:\t0200\n", "ShdPnd"), None);
    }

    #[test]
    fn waiting_ends_with_what_is_waited_for_or_with_patience() {
        assert!(eventually(Duration::from_secs(60), || true));
        assert!(!eventually(Duration::from_millis(5), || false));
    }
}
