//! The program around an answer to exercise 3.5b. `cargo wb check 3.5b` builds it and runs it in
//! the lab.

use std::fs;

use anyhow::{Context, Result};
use given::{Cgroup, checked};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::ForkResult;

include!(concat!(env!("OUT_DIR"), "/fork_bomb.rs"));

/// Arguments: the container's name; how many processes its group may have, this one, which is in
/// it, among them; and why no more can be made in the end: the `limit`, or the PID namespace for
/// the children is `dead`.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = || -> Result<()> {
        let [name, most, why] = &arguments[..] else { anyhow::bail!("three arguments") };
        let group = Cgroup::place(name)?;
        checked::make_group(&group)?;
        // Without the limit nothing is tried: the lab has one as well, but that is for accidents.
        fs::write(group.directory("pids")?.join("pids.max"), most).context("limiting the group")?;
        for directory in group.directories() {
            fs::write(directory.join("cgroup.procs"), "0").context("joining the group")?;
        }
        if why == "dead" { no_more_children() } else { Ok(()) }
    };
    checked::ready(given);
    let result = answers::fork_bomb::fork_bomb();
    // Observation from outside, of every process that comes here.
    checked::call_myself("returned");
    checked::returned(result)
}

/// A PID namespace ends with its first process. Then fork(2) has ENOMEM for whoever would have
/// children in it.
fn no_more_children() -> Result<()> {
    given::user_namespace()?;
    unshare(CloneFlags::CLONE_NEWPID).context("unshare(CLONE_NEWPID)")?;
    match given::fork()? {
        ForkResult::Child => given::exit(0),
        ForkResult::Parent { child } => given::wait(child).map(drop),
    }
}
