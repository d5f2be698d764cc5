//! Exercise 2.2: another /, and the old one gone.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "2.2",
    name: "pivot",
    title: "another /, and the old one gone",
    kind: Kind::Build,
    chapter: "02-rootfs",
    page: "02-rootfs/pivot.md",
    shown_by: "run ls /",
    hints: &[
        "pivot_root(2) exchanges mounts. Where a folder is no mount, it says EINVAL, \"Invalid argument\". How does a folder become one, \
         at the same place and with the same files? (In a shell: mount --rbind box box. What would --bind alone leave behind?)",
        "After the exchange the old root is still in the table, and everything of the host's with it: somewhere below the new root, or \
         on top of it. umount2(2) takes it away; as somebody always has a file open there, it has to be done lazily (MNT_DETACH). And the \
         process's working directory: where is it?",
        "nix has mount, umount2 (nix::mount), chdir and pivot_root (nix::unistd). The notes of pivot_root(2) have a part called \
         pivot_root(\".\", \".\"): bind, then go in (whoever went in before stands below the mount). Then both arguments are the same, \
         no folder is needed for the old root, and the next umount2(\".\", …) means the old one, since it lies on top.",
    ],
    mistakes: mistakes::ALL,
};
