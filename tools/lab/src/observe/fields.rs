//! Files of /proc/PID, and the `Name:\tvalue` lines of `status`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

pub(super) fn path_of(pid: i32, file: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{file}"))
}

pub(super) fn read(pid: i32, file: &str) -> Result<String> {
    let path = path_of(pid, file);
    let bytes =
        fs::read(&path).with_context(|| format!("read {}: is process {pid} gone, or another's?", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The value of a field of /proc/PID/status (proc_pid_status(5)).
pub(super) fn value<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let status = "Name:\tsh\nNSpid:\t7\t1\nPid:\t7\n";
        assert_eq!(value(status, "Pid"), Some("7"));
        assert_eq!(value(status, "NSpid"), Some("7\t1"));
        assert_eq!(value(status, "PPid"), None);
    }
}
