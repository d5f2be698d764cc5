//! Exercise 2.3: a /dev in which programs work.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "2.3",
    name: "minimal_dev",
    title: "a /dev in which programs work",
    kind: Kind::Build,
    chapter: "02-rootfs",
    page: "02-rootfs/mounts.md",
    shown_by: "run ls -l /dev",
    hints: &[
        "Begin with the place: a folder \"dev\" in the root, and a new tmpfs on it, so that nothing of the image's and nothing of the host's is in \
         there. Then a device: mknod(2) says EPERM to root of a user namespace. But a mount shows what is there already, and \
         a single file, too.",
        "A file is mounted on a file: make an empty one of that name first (std::fs::File::create), then mount the host's node on it \
         with MS_BIND. The links are std::os::unix::fs::symlink(what it says, where it is); ptmx says \"pts/ptmx\". On pts belongs a new \
         mount of the type devpts.",
        "mount(Some(\"tmpfs\"), &dev, Some(\"tmpfs\"), MsFlags::MS_NOSUID, Some(\"mode=0755\")): options are the last argument, separated by \
         commas. A tmpfs is open to all (1777) unless told. A devpts's ptmx is closed to all unless told: pts(4) and mount(8) have \
         ptmxmode. (gid=5, as in many examples, is refused where group 5 isn't mapped.)",
    ],
    mistakes: mistakes::ALL,
};
