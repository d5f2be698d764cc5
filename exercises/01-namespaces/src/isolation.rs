//! Exercise 1.7: the flag that never arrived.

mod judge;
mod look;
mod mistakes;

use anyhow::Result;
use checker::{Exercise, Heard, Judgement, Kind, Program};

use checker::random;

pub const EXERCISE: Exercise = Exercise {
    id: "1.7",
    name: "isolation",
    title: "the flag that never arrived",
    kind: Kind::Repair,
    chapter: "01-namespaces",
    page: "01-namespaces/trouble.md",
    shown_by: "run ls -l /proc/self/ns",
    hints: &[
        "The function says Ok, so ask somebody else. The page has a command that calls it and then runs `ls -l /proc/self/ns`: compare \
         with the same list from your shell. `cargo wb check 1.7` compares these inode numbers, too, before and after the call. Which \
         one stays?",
        "Follow that kind through the function: its name, its number in the table (`grep -n CLONE_NEW /usr/include/linux/sched.h`, or libc's \
         constants of that name), and what becomes of the number on its way to the kernel. `strace -f -e trace=unshare` \
         shows what arrives.",
        "CloneFlags is a set of *named* bits, and nix doesn't know all names. Read what bitflags says about from_bits_truncate, \
         from_bits and from_bits_retain: the first drops something.",
    ],
    mistakes: mistakes::ALL,
    check,
};

/// Kinds that can be asked for in any pair.
const SOME: [&str; 5] = ["cgroup", "ipc", "mnt", "net", "uts"];

fn check(program: &Program) -> Result<Judgement> {
    let all = look::at(program, &look::KINDS.map(|(asked, _)| asked))?;
    if !all.alive || matches!(all.heard, Heard::Silence(_)) {
        return Ok(judge::judge(&all, &all, &all));
    }
    // Which two no answer can know.
    let one = random::within(0..SOME.len() as u32) as usize;
    let other = (one + 1 + random::within(0..SOME.len() as u32 - 1) as usize) % SOME.len();
    let two = look::at(program, &[SOME[one], SOME[other]])?;
    let unknown = look::at(program, &["ipc", "ipx"])?;
    Ok(judge::judge(&all, &two, &unknown))
}
