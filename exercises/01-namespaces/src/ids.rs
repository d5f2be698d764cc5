//! Exercise 1.3: root in a user namespace of one's own, without privilege.

mod judge;
mod look;
mod mistakes;

use anyhow::Result;
use checker::{Exercise, Heard, Judgement, Kind, Program};
use look::{Seen, World};

use checker::random;

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
    check,
};

/// What `id -u` prints for a lone user of most machines, and what an unmapped id reads as.
const FIRST_USER: u32 = 1000;
const OVERFLOW: u32 = 65534;

fn check(program: &Program) -> Result<Judgement> {
    let anybody = || random::within(2000..60_000);
    let first = look::at(program, World { uid: anybody(), gid: anybody(), room: true })?;
    if !first.alive || matches!(first.heard, Heard::Silence(_)) {
        return Ok(judge::judge(std::slice::from_ref(&first), &first, &[]));
    }
    let second = look::at(program, World { uid: anybody(), gid: anybody(), room: true })?;
    let refused = look::at(program, World { uid: anybody(), gid: anybody(), room: false })?;
    Ok(judge::judge(&[first.clone(), second], &refused, &worlds_that_tell(program, &first)?))
}

/// A map that the kernel refused leaves no trace of what was written. But there are users with whom the wrong number is the
/// right one.
fn worlds_that_tell(program: &Program, seen: &Seen) -> Result<Vec<Seen>> {
    if !judge::was_refused(seen) {
        return Ok(Vec::new());
    }
    let world = |id| look::at(program, World { uid: id, gid: id, room: true });
    Ok(vec![world(OVERFLOW)?, world(FIRST_USER)?])
}
