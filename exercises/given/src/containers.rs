use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;

use nix::unistd::Pid;

use crate::own_program::Identity;

/// A container that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Its PID 1, as numbered here.
    pub pid: Pid,
    /// The command line of the program that made it, and waits for it.
    pub made_by: Vec<OsString>,
    /// The command line of its PID 1.
    pub command: Vec<OsString>,
}

/// The containers that this program (this same file) has made, also those that other processes of
/// it made, in labs of their own: a child of such a process, in a PID namespace and a root that its
/// parent isn't in. So a container is in none of its namespaces too late to be joined.
///
/// There is no list of them that could be out of date: the kernel is asked.
pub fn containers() -> Vec<Running> {
    let Some(ours) = Identity::of_process("self") else { return Vec::new() };
    let made = |pid: i32| {
        let maker = parent_of(pid)?;
        let is_container = Identity::of_process(&maker.to_string())? == ours
            && namespace_of(pid)? != namespace_of(maker)?
            && root_of(pid)? != root_of(maker)?
            && !is_zombie(pid);
        is_container.then(|| {
            Some(Running { pid: Pid::from_raw(pid), made_by: command_line(maker)?, command: command_line(pid)? })
        })?
    };
    processes().into_iter().filter_map(made).collect()
}

fn processes() -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn namespace_of(pid: i32) -> Option<u64> {
    fs::metadata(format!("/proc/{pid}/ns/pid")).ok().map(|file| file.ino())
}

/// Device and inode of its /.
fn root_of(pid: i32) -> Option<(u64, u64)> {
    fs::metadata(format!("/proc/{pid}/root/.")).ok().map(|root| (root.dev(), root.ino()))
}

fn parent_of(pid: i32) -> Option<i32> {
    stat(pid)?.1
}

fn is_zombie(pid: i32) -> bool {
    stat(pid).is_some_and(|(state, _)| state == 'Z')
}

fn stat(pid: i32) -> Option<(char, Option<i32>)> {
    state_and_parent(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The third and fourth field of proc_pid_stat(5); the second is a name, in which anything may
/// occur.
fn state_and_parent(stat: &str) -> Option<(char, Option<i32>)> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()))
}

fn command_line(pid: i32) -> Option<Vec<OsString>> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words = bytes.strip_suffix(b"\0").unwrap_or(&bytes).split(|&byte| byte == 0);
    Some(words.map(|word| OsString::from_vec(word.to_vec())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_parentheses_confuses_nothing() {
        assert_eq!(state_and_parent("42 (a) Z 1 (b)) S 7 42 42 0"), Some(('S', Some(7))));
        assert_eq!(state_and_parent("nonsense"), None);
    }

    #[test]
    fn this_process_has_a_command_line_and_is_no_container() {
        let own = std::process::id() as i32;
        assert!(command_line(own).is_some_and(|line| !line.is_empty()));
        assert!(containers().iter().all(|container| container.pid.as_raw() != own));
    }
}
