//! Exercise 1.1: a hostname in a UTS namespace of one's own.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "1.1",
    name: "hostname",
    title: "a hostname of its own",
    kind: Kind::Build,
    chapter: "01-namespaces",
    page: "01-namespaces/uts.md",
    shown_by: "run --hostname boat sh",
    hints: &[
        "Two calls, and the order matters. As root in a shell it would be: unshare --uts sh, and then in that \
         shell: hostname boat. \
         Which of the two must not come first, and why?",
        "unshare(2) moves the calling process itself into a new namespace; its flag for hostnames isn't called HOSTNAME but \
         after the system call that prints it, uname(2): UTS. In nix: nix::sched::unshare takes CloneFlags.",
        "nix::unistd::sethostname sets the name in whichever UTS namespace the caller is in at that moment. Give both \
         errors a context (.context(\"…\") from anyhow): EPERM alone doesn't say which of the two calls was refused, and a name of \
         more than 64 bytes gives EINVAL.",
    ],
    mistakes: mistakes::ALL,
};
