//! Exercise 7.5: find the running containers.
//!
//! A daemon starts again after a crash, and looks for running containers by their records. This
//! function also returns containers that don't run. Find out which ones, and repair it. Read
//! proc_pid_stat(5) and pidfd_open(2). Check with `cargo wb check 7.5`.

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
        // wb:answer
        let Some((pid, start)) = read_record(&path) else { continue };
        // wb:starter
        // let Some((pid, _start)) = read_record(&path) else { continue };
        // wb:end
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let Ok(pidfd) = given::pidfd(pid) else { continue };
        // wb:answer
        // What holds now holds as long as the pidfd is open, whoever gets the number afterwards.
        if runs_since(pid) == Some(start) {
            running.push((name.to_string(), pidfd));
        }
        // wb:starter
        // running.push((name.to_string(), pidfd));
        // wb:end
    }
    Ok(running)
}

fn read_record(path: &Path) -> Option<(Pid, u64)> {
    let text = fs::read_to_string(path).ok()?;
    let (pid, start) = text.trim_end().split_once(' ')?;
    Some((Pid::from_raw(pid.parse().ok()?), start.parse().ok()?))
}

// wb:answer
/// When a process that runs began.
fn runs_since(pid: Pid) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands before it, and may have anything in it.
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    if matches!(fields[0], "Z" | "X") { None } else { fields.get(19)?.parse().ok() }
}
// wb:end
