//! Exercise 2.4: out of a chroot.

mod judge;
mod look;
mod mistakes;

use anyhow::Result;
use checker::{Exercise, Heard, Judgement, Kind, Program, random};

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
    check,
};

fn check(program: &Program) -> Result<Judgement> {
    let shallow = look::at(program, random::within(1..5), "open")?;
    if !shallow.alive || matches!(shallow.heard, Heard::Silence(_)) {
        return Ok(judge::judge(&shallow, &shallow, &shallow));
    }
    // As many as no answer can guess, and more than one would write down.
    let deep = look::at(program, random::within(150..250), "open")?;
    let closed = look::at(program, 2, "closed")?;
    Ok(judge::judge(&shallow, &deep, &closed))
}
