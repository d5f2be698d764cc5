//! Exercise 2.4: out of a chroot.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "2.4",
    name: "chroot_escape",
    title: "out of a chroot",
    kind: Kind::Break,
    chapter: "02-rootfs",
    page: "02-rootfs/chroot.md",
    shown_by: "",
    hints: &[
        "`..` stops at the process's root, if the way up comes by there, and nowhere else. You are root: you may set the root yourself. \
         Where would you have to stand, and where would the root have to be, so that it isn't on your way?",
        "chroot(2) \"does not change the current working directory\": after it you still stand where you stood. So make a folder, and make that the \
         root, and don't go into it. Now you are outside. What is left is the way up, and one more call, or only relative paths lead out.",
        "Four steps, with std::fs::create_dir and nix::unistd's chroot and chdir: a folder; chroot into it; chdir(\"..\") until it goes no \
         further (a folder whose .. is itself, by dev() and ino() of std::os::unix::fs::MetadataExt, is the top); chroot(\".\").",
    ],
    mistakes: mistakes::ALL,
};
