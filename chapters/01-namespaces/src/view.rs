//! What a process sees of the machine it is on.

use std::fs;
use std::io::Write;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::sys;

/// One process's view. The tour has it taken twice: on the host and in a container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct View {
    pub pid: u32,
    /// How many processes /proc shows.
    pub processes: usize,
    pub hostname: String,
    pub uid: u32,
    pub gid: u32,
    /// Lines of /proc/self/mountinfo.
    pub mounts: usize,
    /// Names of network interfaces.
    pub interfaces: Vec<String>,
    /// System V message queues, semaphore sets and shared memory segments.
    pub ipc_objects: usize,
    /// Its deepest cgroup, as it sees it.
    pub cgroup: String,
    /// Seconds since boot, by CLOCK_BOOTTIME.
    pub uptime: u64,
}

impl View {
    /// Looks around.
    pub fn take() -> Result<View> {
        Ok(View {
            pid: std::process::id(),
            processes: processes()?,
            hostname: nix::unistd::gethostname()?.to_string_lossy().into_owned(),
            uid: nix::unistd::geteuid().as_raw(),
            gid: nix::unistd::getegid().as_raw(),
            mounts: lines("/proc/self/mountinfo")?,
            interfaces: interfaces_in(&read("/proc/net/dev")?),
            ipc_objects: ipc_objects()?,
            cgroup: deepest_cgroup_in(&read("/proc/self/cgroup")?),
            uptime: uptime_in(&read("/proc/uptime")?)?,
        })
    }
}

/// What the tour runs in its container: makes an IPC object, looks around, says it in one line of
/// JSON, and stays until its stdin ends, so that it can be looked at from outside. The object goes
/// with its IPC namespace.
pub(crate) fn look_and_stay(with_ipc_object: bool) -> Result<()> {
    if with_ipc_object {
        sys::message_queue().context("msgget: cannot make a message queue")?;
    }
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&View::take()?)?)?;
    std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink())?;
    Ok(())
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {path}"))
}

fn lines(path: &str) -> Result<usize> {
    Ok(read(path)?.lines().count())
}

fn processes() -> Result<usize> {
    let entries = fs::read_dir("/proc").context("cannot read /proc")?;
    Ok(entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()))
        .count())
}

/// Each of the three tables has one line of headings.
fn ipc_objects() -> Result<usize> {
    ["msg", "sem", "shm"].iter().map(|kind| Ok(lines(&format!("/proc/sysvipc/{kind}"))?.saturating_sub(1))).sum()
}

/// Two lines of headings, then `name: counters`.
fn interfaces_in(dev: &str) -> Vec<String> {
    dev.lines().skip(2).filter_map(|line| Some(line.split_once(':')?.0.trim().to_string())).collect()
}

/// `hierarchy:controllers:path` a line, one line a hierarchy on v1: cgroups(7).
fn deepest_cgroup_in(cgroup: &str) -> String {
    let paths = cgroup.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    paths.max_by_key(|path| path.trim_matches('/').len()).unwrap_or("(none)").to_string()
}

fn uptime_in(uptime: &str) -> Result<u64> {
    let seconds = uptime.split(['.', ' ']).next().unwrap_or_default();
    seconds.parse().context("/proc/uptime can't be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_listed_without_counters() {
        let dev = "Inter-| Receive\n face |bytes\n    lo:  12 0\n  eth0: 7 1\n";
        assert_eq!(interfaces_in(dev), ["lo", "eth0"]);
    }

    #[test]
    fn the_deepest_cgroup_of_all_hierarchies_is_shown() {
        assert_eq!(deepest_cgroup_in("4:memory:/user/a\n1:cpu:/\n0::/\n"), "/user/a");
        assert_eq!(deepest_cgroup_in("0::/\n"), "/");
    }

    #[test]
    fn uptime_is_in_whole_seconds() {
        assert_eq!(uptime_in("4711.25 9000.00\n").unwrap(), 4711);
    }
}
