//! Processes and their families: proc_pid_stat(5), proc_tid_children(5), proc_pid_fd(5).

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::fields;

/// Whether there is a process of this number that still runs; one that is dead and not yet waited
/// for doesn't.
pub fn process_exists(pid: i32) -> bool {
    fields::read(pid, "stat").is_ok_and(|stat| state(&stat).is_some_and(|state| !matches!(state, 'Z' | 'X')))
}

/// When the process started, in clock ticks since boot: together with the pid it names a process
/// for good.
pub fn start_time(pid: i32) -> Result<u64> {
    let stat = fields::read(pid, "stat")?;
    after_name(&stat, 22)
        .and_then(|ticks| ticks.parse().ok())
        .with_context(|| format!("start time in /proc/{pid}/stat"))
}

/// The children of a process, those of all its threads, in the order of their making where the
/// kernel has /proc/PID/task/TID/children, else by number. None when the process is gone.
pub fn children(pid: i32) -> Vec<i32> {
    let Ok(threads) = fs::read_dir(fields::path_of(pid, "task")) else { return Vec::new() };
    let lists: Vec<String> =
        threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok()).collect();
    if lists.is_empty() {
        // A kernel without CONFIG_PROC_CHILDREN.
        return parents().into_iter().filter(|&(_, parent)| parent == pid).map(|(child, _)| child).collect();
    }
    lists.iter().flat_map(|list| list.split_whitespace()).filter_map(|number| number.parse().ok()).collect()
}

/// The children of a process, their children and so on.
pub fn descendants(pid: i32) -> Vec<i32> {
    let mut found = children(pid);
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        next += 1;
        for child in children(parent) {
            // Numbers can be reused while we look.
            if child != pid && !found.contains(&child) {
                found.push(child);
            }
        }
    }
    found
}

/// The open file descriptors of a process and what each is (a path, `pipe:[N]`, `socket:[N]`, …).
pub fn open_fds(pid: i32) -> Result<BTreeMap<i32, PathBuf>> {
    let directory = fields::path_of(pid, "fd");
    let entries = fs::read_dir(&directory)
        .with_context(|| format!("{}: is process {pid} gone, or another's?", directory.display()))?;
    let described = entries.flatten().filter_map(|entry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        // Closed while we look: then it isn't open.
        Some((number, fs::read_link(entry.path()).ok()?))
    });
    Ok(described.collect())
}

fn parents() -> Vec<(i32, i32)> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let mut pairs: Vec<(i32, i32)> =
        pids.filter_map(|pid| Some((pid, after_name(&fields::read(pid, "stat").ok()?, 4)?.parse().ok()?))).collect();
    pairs.sort_unstable();
    pairs
}

fn state(stat: &str) -> Option<char> {
    after_name(stat, 3)?.chars().next()
}

/// A field of /proc/PID/stat by its number in proc_pid_stat(5), from 3 on: the second is the name,
/// in which anything may occur, `) ` too.
fn after_name(stat: &str, field: usize) -> Option<&str> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(field - 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "42 (a) S 1 (b)) Z 7 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 0 0";

    #[test]
    fn a_name_with_parentheses_and_spaces_confuses_nothing() {
        assert_eq!(state(STAT), Some('Z'));
        assert_eq!(after_name(STAT, 4), Some("7"));
        assert_eq!(after_name(STAT, 22), Some("987654"));
    }

    #[test]
    fn this_process_exists_and_one_without_a_number_does_not() {
        assert!(process_exists(std::process::id() as i32));
        assert!(!process_exists(0));
    }

    #[test]
    fn this_process_has_a_start_time_and_open_descriptors() {
        let own = std::process::id() as i32;
        assert!(start_time(own).unwrap() > 0);
        let file = fs::File::open("/proc/self/status").unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&file);
        assert!(open_fds(own).unwrap()[&number].ends_with("status"));
    }
}
