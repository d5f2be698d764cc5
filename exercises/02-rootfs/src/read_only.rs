//! Exercise 2.5: a volume that is only read.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "2.5",
    name: "read_only",
    title: "a volume that is only read",
    kind: Kind::Build,
    chapter: "02-rootfs",
    page: "02-rootfs/volumes.md",
    shown_by: "run -v ./book:/book:ro sh -c 'ls /book; echo x >/book/x'",
    hints: &[
        "mount(2), under \"Creating a bind mount\", says which flags such a call takes, and what becomes of the others. So it takes two calls. \
         Which of them is for the mounts below, and what are their own flags?",
        "The first: MS_BIND, and MS_REC for what is mounted below. The second sets read-only on each of these mounts. With mount(2) that is \
         MS_REMOUNT|MS_BIND|MS_RDONLY, once for each, and it sets all flags anew: one that it doesn't repeat is taken away, or, where it is \
         locked, the answer is EPERM. mount_setattr(2) sets one flag, and leaves the others.",
        "given::mount_setattr(path, flags, attributes): libc::MOUNT_ATTR_RDONLY is the attribute, and the flag for the whole tree is \
         AT_RECURSIVE. On the target, or on the source?",
    ],
    mistakes: mistakes::ALL,
};
