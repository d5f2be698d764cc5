//! Exercise 7.5: after a crash.
//!
//! This daemon has crashed and begins anew. It finds its containers again by their records, and
//! with some it is wrong: it says that they run. Find out which ones, and repair it. Read
//! proc_pid_stat(5), pidfd_open(2); check with `cargo wb check 7.5`.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;

use anyhow::{Context, Result};
use nix::unistd::Pid;

/// The containers that run: each with its name, and a pidfd by which it can be waited for.
///
/// A record is a file in `records`. It is called as the container, and was written when that began:
/// `PID START`, two decimal numbers and a newline. START is the process's `starttime`, field 22 of
/// /proc/PID/stat. A record that can't be understood is left out.
///
/// Fails, saying what it was, if `records` can't be read.
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
