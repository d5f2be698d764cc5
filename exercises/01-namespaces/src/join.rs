//! Exercise 1.5: into the namespaces of a container that runs.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "1.5",
    name: "join",
    title: "into a running container",
    kind: Kind::Build,
    chapter: "01-namespaces",
    page: "01-namespaces/join.md",
    shown_by: "exec mydocker ps -e   # while another has run sh",
    hints: &[
        "`ls -l /proc/self/ns` has a file for each kind of namespace, and /proc/PID/ns those of another process. Whose powers do you \
         need over a container's network, and in which of the eight would you get them? And once you are in the container's mount table, \
         whose /proc is it that you read?",
        "setns(2) joins several namespaces in one call, in the order that the kernel needs, if it gets a process as a file descriptor \
         (given::pidfd) and the flags of the kinds. Leave out those that you are in already: for your own user namespace the kernel says \
         EINVAL, for what belongs to somebody else EPERM. Two files in /proc/PID/ns are the same namespace if their inode numbers are.",
        "A list of pairs, (\"user\", CloneFlags::CLONE_NEWUSER) and so on (mnt is CLONE_NEWNS; time is \
         CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)). For each, compare the inode number of /proc/{container}/ns/{kind}, \
         std::fs::metadata(&path).with_context(|| format!(\"{path}\"))?.ino(), with that of /proc/self/ns \
         (std::os::unix::fs::MetadataExt has ino), and collect the flag if they differ. Then one nix::sched::setns(process, flags), with \
         a context as well.",
    ],
    mistakes: mistakes::ALL,
};
