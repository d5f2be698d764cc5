//! diagnosis: bare-errno
//! made by: every first version with `?`.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;

use anyhow::Result;
use nix::unistd::Pid;

pub fn find_running(records: &Path) -> Result<Vec<(String, OwnedFd)>> {
    let mut running = Vec::new();
    for entry in fs::read_dir(records)? {
        let path = entry?.path();
        let Some((pid, start)) = read_record(&path) else { continue };
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let Ok(pidfd) = given::pidfd(pid) else { continue };
        // What holds now holds as long as the pidfd is open, whoever gets the number afterwards.
        if runs_since(pid) == Some(start) {
            running.push((name.to_string(), pidfd));
        }
    }
    Ok(running)
}

fn read_record(path: &Path) -> Option<(Pid, u64)> {
    let text = fs::read_to_string(path).ok()?;
    let (pid, start) = text.trim_end().split_once(' ')?;
    Some((Pid::from_raw(pid.parse().ok()?), start.parse().ok()?))
}

fn runs_since(pid: Pid) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands before it, and may have anything in it.
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    if matches!(fields[0], "Z" | "X") { None } else { fields.get(19)?.parse().ok() }
}
