//! Exercise 2.1: a mount table of its own, and private.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "2.1",
    name: "private_mounts",
    title: "a mount table of its own, and private",
    kind: Kind::Build,
    chapter: "02-rootfs",
    page: "02-rootfs/not.md",
    shown_by: "run cat /proc/self/mountinfo",
    hints: &[
        "In a shell it would be: unshare --user --map-root-user --mount --propagation unchanged sh, and then in that shell: \
         mount --make-rprivate /. (Without the option --propagation, unshare(1) does the second part unasked.) What would the second do without the first, and to whom?",
        "unshare(2) has a flag for the mount namespace, and it is called CLONE_NEWNS: it was the first kind, and nobody expected a second. \
         Then mount(2), with no source, no type and no data, only a target and flags, changes the propagation of a mount that is \
         there.",
        "nix::mount::mount(None::<&str>, \"/\", None::<&str>, flags, None::<&str>). Each mount has its own propagation, / too; \
         a flag that means \"and all below\" has \"recursive\" in its name. findmnt -o TARGET,PROPAGATION shows what each has.",
    ],
    mistakes: mistakes::ALL,
};
