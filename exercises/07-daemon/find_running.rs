//! Exercise 7.5: find the running containers.
//!
//! A daemon starts again after a crash, and looks for running containers by their records. This
//! function also returns containers that don't run. Find out which ones, and repair it. Read
//! proc_pid_stat(5) and pidfd_open(2). Check with `cargo wb check 7.5`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;

use anyhow::{Context, Result};
use nix::unistd::Pid;

/// Returns the running containers, each with its name and a pidfd of its process.
///
/// A record is a file in `records`, which is named after the container. It was written when the
/// container started: `PID START`, two decimal numbers and a newline. START is the process's
/// `starttime`, field 22 of /proc/PID/stat. Damaged records are skipped.
///
/// Returns an error with a context if `records` can't be read.
pub fn find_running(records: &Path) -> Result<Vec<(String, OwnedFd)>> {
    let mut running = Vec::new();
    for entry in fs::read_dir(records).with_context(|| format!("reading {}", records.display()))? {
        let path = entry.with_context(|| format!("reading {}", records.display()))?.path();
        let Some((pid, _start)) = read_record(&path) else { continue };
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let Ok(pidfd) = given::pidfd(pid) else { continue };
        running.push((name.to_string(), pidfd));
    }
    Ok(running)
}

fn read_record(path: &Path) -> Option<(Pid, u64)> {
    let text = fs::read_to_string(path).ok()?;
    let (pid, start) = text.trim_end().split_once(' ')?;
    Some((Pid::from_raw(pid.parse().ok()?), start.parse().ok()?))
}
