//! A process's files, as they are seen from outside: /proc/PID/root leads into its root, through
//! its mounts.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use judgement::Outcome;
use lab::observe;
use nix::fcntl::OFlag;

use crate::{Reply, random};

/// A directory of the lab's that isn't there yet, and whose name no answer can know beforehand.
pub fn new_place() -> PathBuf {
    PathBuf::from(format!("/tmp/host-{:06x}", random::within(0..0x100_0000)))
}

/// As it is given to a program.
pub fn word(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

/// The process's own `path`.
pub fn path_of(pid: i32, path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    Path::new("/proc").join(pid.to_string()).join("root").join(path.strip_prefix("/").unwrap_or(path))
}

/// Device and number: two paths lead to the same file if, and only if, they are equal.
pub fn identity(path: impl AsRef<Path>) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// The names in a directory, sorted.
pub fn names(directory: impl AsRef<Path>) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Descriptors besides the standard three that aren't close-on-exec, by the files they are of:
/// proc_pid_fdinfo(5).
pub fn inherited(pid: i32) -> BTreeMap<i32, String> {
    let open = observe::open_fds(pid).unwrap_or_default().into_iter().filter(|(number, _)| *number > 2);
    let flags = |number: i32| {
        let text = fs::read_to_string(format!("/proc/{pid}/fdinfo/{number}")).ok()?;
        let flags = text.lines().find_map(|line| line.strip_prefix("flags:"))?;
        i32::from_str_radix(flags.trim(), 8).ok()
    };
    let stays = |number: i32| flags(number).is_some_and(|flags| flags & OFlag::O_CLOEXEC.bits() == 0);
    open.filter(|(number, _)| stays(*number)).map(|(number, file)| (number, file.display().to_string())).collect()
}

/// `a, b` or `none`.
pub fn list<S: AsRef<str>>(words: &[S]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    if words.is_empty() { "none".into() } else { words.join(", ") }
}

/// As `list`, cut after five.
pub fn first_of(words: &[String]) -> String {
    match words.len().saturating_sub(5) {
        0 => list(words),
        more => format!("{} and {more} more", list(&words[..5])),
    }
}

/// Whether both are in the same mount namespace.
pub fn same_table(one: i32, other: i32) -> bool {
    let inode = |pid| observe::namespace_inode(pid, "mnt").ok();
    inode(one).is_some() && inode(one) == inode(other)
}

/// What was seen. Where the function returned an error, that is what there is to say; and of a
/// program that has ended nothing else is known.
pub fn unless_failed(reply: &Reply, alive: bool, observed: String) -> String {
    if alive && *reply == Reply::Ok { observed } else { reply.in_words() }
}

/// The check that all exercises have: what can't be done is an error, with a word on what was being
/// done.
pub fn refused(claim: &'static str, reply: &Reply, alive: bool, kept: bool, what_changed: &str) -> Outcome {
    let told = matches!(reply, Reply::Error(_)) && !reply.is_bare_error();
    let observed = if kept || !alive { reply.in_words() } else { format!("{}; {what_changed}", reply.in_words()) };
    Outcome::new(claim, alive && told && kept, "an error with a context, and all is as it was", observed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_seen_through_the_processs_root() {
        assert_eq!(path_of(7, "/tmp/x"), Path::new("/proc/7/root/tmp/x"));
        assert_eq!(identity(path_of(std::process::id() as i32, "/")), identity("/"));
        assert_ne!(new_place(), new_place());
    }

    #[test]
    fn an_error_without_words_or_with_consequences_is_not_enough() {
        let judged = |reply: Reply, kept| refused("c", &reply, true, kept, "it moved").difference;
        let error = |words: &[&str]| Reply::Error(words.iter().map(ToString::to_string).collect());
        assert_eq!(judged(error(&["mount", "EPERM: x"]), true), None);
        assert!(judged(error(&["EPERM: Operation not permitted"]), true).is_some());
        assert!(judged(Reply::Ok, true).is_some());
        assert!(judged(error(&["mount", "EPERM: x"]), false).is_some_and(|(_, saw)| saw.contains("it moved")));
    }
}
