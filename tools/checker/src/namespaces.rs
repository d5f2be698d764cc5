//! Which namespaces a process is in, and which it has left for others since.

use lab::observe;

use crate::Reply;

/// All kinds, as /proc/PID/ns names them: those that a process leaves itself, and two that only its
/// children enter.
pub const KINDS: [&str; 8] = ["cgroup", "ipc", "mnt", "net", "pid_for_children", "time_for_children", "user", "uts"];

/// The inode numbers of a process's namespaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespaces([Option<u64>; KINDS.len()]);

impl Namespaces {
    pub fn read(pid: i32) -> Namespaces {
        // Of a PID namespace in which nobody lives yet there is no file: then it isn't the one of before
        // either.
        Namespaces(KINDS.map(|kind| observe::namespace_inode(pid, kind).ok()))
    }

    /// The kinds in which `now` differs.
    pub fn left(&self, now: &Namespaces) -> Vec<&'static str> {
        (0..KINDS.len()).filter(|&i| self.0[i] != now.0[i]).map(|i| KINDS[i]).collect()
    }
}

/// What was left besides the one that was to be.
pub fn besides(left: &[&'static str], own: &str) -> Vec<&'static str> {
    left.iter().copied().filter(|kind| *kind != own).collect()
}

/// `uts, pid` or `none`.
pub fn list(kinds: &[&str]) -> String {
    if kinds.is_empty() { "none".into() } else { kinds.join(", ") }
}

/// What was reply; of a bare errno also that it is one, whatever else is wrong.
pub fn in_full(reply: &Reply) -> String {
    let bare = if reply.is_bare_error() { ", the bare errno, without a context" } else { "" };
    format!("{}{bare}", reply.in_words())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_was_left_and_a_namespace_without_a_file_differs() {
        let before = Namespaces([Some(1); KINDS.len()]);
        let mut now = before.clone();
        now.0[7] = Some(2);
        now.0[4] = None;
        assert_eq!(before.left(&now), ["pid_for_children", "uts"]);
        assert_eq!(list(&[]), "none");
    }
}
