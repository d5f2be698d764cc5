//! Exercise 1.5: into the namespaces of a container that runs.

mod judge;
mod look;
mod mistakes;

use anyhow::Result;
use checker::{Exercise, Heard, Judgement, Kind, Program};
use look::World;

use crate::random;

pub const EXERCISE: Exercise = Exercise {
    id: "1.5",
    name: "join",
    title: "into a running container",
    kind: Kind::Build,
    chapter: "01-namespaces",
    page: "01-namespaces/join.md",
    shown_by: "exec mydocker ps   (while another terminal has: cargo run -p mydocker -- run sh)",
    hints: &[
        "`ls -l /proc/self/ns` has a file for each kind of namespace, and /proc/PID/ns those of another process. In which do you \
         have the right to join anything, before you join the first? And once you are in the container's mount table, whose \
         /proc is it that you read?",
        "setns(2) takes such a file, opened. So: open all that you need first, then join them, `user` before the others. Two files are the \
         same namespace if their inode numbers are (std::os::unix::fs::MetadataExt::ino); leave out those that you are in already: for \
         your own user namespace the kernel says EINVAL, for what belongs to somebody else EPERM.",
        "For each of user, cgroup, ipc, net, uts, time, pid, mnt: let theirs = File::open(format!(\"/proc/{container}/ns/{kind}\")), and \
         compare with the metadata of /proc/self/ns/{kind}. Then nix::sched::setns(theirs, CloneFlags::empty()) for each: empty means \
         whichever kind it is. For pid nothing seems to happen: it is for your children.",
    ],
    mistakes: mistakes::ALL,
    check,
};

fn check(program: &Program) -> Result<Judgement> {
    let apart = look::at(program, World::apart())?;
    if !apart.alive || matches!(apart.heard, Heard::Silence(_)) {
        return Ok(judge::judge(&judge::Runs::only(apart)));
    }
    // Which two kinds are shared no answer can know.
    let one = random::within(0..World::MAY_BE_SHARED.len() as u32) as usize;
    let other =
        (one + 1 + random::within(0..World::MAY_BE_SHARED.len() as u32 - 1) as usize) % World::MAY_BE_SHARED.len();
    Ok(judge::judge(&judge::Runs {
        apart,
        sharing: look::at(program, World::sharing(&[World::MAY_BE_SHARED[one], World::MAY_BE_SHARED[other]]))?,
        inside: look::at(program, World::inside())?,
        gone: look::at(program, World { container: "gone", ..World::apart() })?,
        anothers: look::at(program, World { container: "another's", ..World::apart() })?,
    }))
}
