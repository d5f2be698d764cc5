//! Exercise 1.3: root in a user namespace of one's own, without privilege.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "1.3",
    name: "ids",
    title: "root, without being root",
    kind: Kind::Build,
    chapter: "01-namespaces",
    page: "01-namespaces/user.md",
    shown_by: "run id",
    hints: &[
        "Who are you right after unshare(CLONE_NEWUSER)? (`unshare --user id -u` says it.) And who were you before? One of \
         the two numbers belongs into the map, and at one of the two moments you can't ask for it any more.",
        "A map is a file in /proc/self: uid_map for users, gid_map for groups. Its line reads: id inside, id outside, how many. \
         An ordinary user may map one id, their own. One more file, setgroups, has to say \"deny\" before the kernel lets an ordinary \
         user write gid_map.",
        "Each of the three files is written by one write(2): std::fs::write(\"/proc/self/uid_map\", format!(\"0 {uid} 1\")) does \
         that, write!(file, …) doesn't. Before all that: nix::unistd::geteuid and getegid. Give each step a context: the kernel \
         says EPERM to three different mistakes here.",
    ],
    mistakes: mistakes::ALL,
};
