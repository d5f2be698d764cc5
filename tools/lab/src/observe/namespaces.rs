//! Which namespaces a process is in: namespaces(7), pid_namespaces(7).

use std::fs;
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result};

use super::fields;

/// The inode number of a namespace, which is its name in the kernel: the same number is the same
/// namespace.
///
/// `kind` is a name in /proc/PID/ns: `cgroup`, `ipc`, `mnt`, `net`, `pid`, `pid_for_children`,
/// `time`, `time_for_children`, `user`, `uts`.
pub fn namespace_inode(pid: i32, kind: &str) -> Result<u64> {
    let path = fields::path_of(pid, "ns").join(kind);
    let found =
        fs::metadata(&path).with_context(|| format!("{}: is process {pid} gone, or another's?", path.display()))?;
    Ok(found.ino())
}

/// Whether two processes are in different namespaces of this kind.
pub fn namespaces_differ(one: i32, other: i32, kind: &str) -> Result<bool> {
    Ok(namespace_inode(one, kind)? != namespace_inode(other, kind)?)
}

/// The process's number in each PID namespace it is in, from ours to its own (NSpid in
/// /proc/PID/status): one number for a process of our own namespace.
pub fn ns_pids(pid: i32) -> Result<Vec<i32>> {
    parse_ns_pids(&fields::read(pid, "status")?).with_context(|| format!("NSpid in /proc/{pid}/status"))
}

fn parse_ns_pids(status: &str) -> Option<Vec<i32>> {
    fields::value(status, "NSpid")?.split_whitespace().map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_in_a_nested_namespace_has_a_number_in_each() {
        assert_eq!(parse_ns_pids("Name:\tsh\nNSpid:\t4711\t12\t1\n"), Some(vec![4711, 12, 1]));
        assert_eq!(parse_ns_pids("Name:\tsh\n"), None);
    }
}
