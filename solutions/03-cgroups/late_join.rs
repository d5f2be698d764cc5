//! Exercise 3.1b: what isn't counted.
//!
//! This function starts a command in a group. It compiles, is called, the command is in the group;
//! and yet not all of it is counted. Find out what isn't, and why; then repair it.
//! Read cgroups(7), "Creating cgroups and moving processes", and fork(2); check with `cargo wb
//! check 3.1b`.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write, pipe};

use anyhow::{Context, Result, anyhow};
use given::Cgroup;
use nix::unistd::{ForkResult, Pid};

/// Starts `command`, a program and its arguments, in the group: all that it does and has is
/// limited, and counted there. The caller stays where it is. It returns the command's number when
/// it runs.
///
/// Fails, saying what was being done, when it can't be started or can't be in the group; then it
/// never runs, and no child is left, a zombie neither.
pub fn start_limited(group: &Cgroup, command: &[OsString]) -> Result<Pid> {
    // An exec closes the child's end. A word in it says why there was none.
    let (mut hears, mut tells) = pipe().context("a pipe to hear from the child")?;
    match given::fork()? {
        ForkResult::Child => {
            drop(hears);
            // wb:answer
            // For itself, and before it is the command: what it has by then stays with the group it is in.
            let tried = join(group, "0").and_then(|()| given::exec(command));
            // wb:starter
            // let tried = given::exec(command);
            // wb:end
            let why = match tried {
                Err(error) => format!("{error:#}"),
                Ok(never) => match never {},
            };
            let _ = tells.write_all(why.as_bytes());
            given::exit(127)
        }
        ForkResult::Parent { child } => {
            drop(tells);
            let mut why = String::new();
            hears.read_to_string(&mut why).context("hearing from the child")?;
            if !why.is_empty() {
                given::wait(child)?;
                return Err(anyhow!(why)).context("the command wasn't started");
            }
            // wb:answer
            // wb:starter
            // // It runs: so it is a process that can be moved.
            // join(group, &child.to_string())?;
            // wb:end
            Ok(child)
        }
    }
}

/// Moves the process with this number ("0" is who writes) into the group, in each tree.
fn join(group: &Cgroup, process: &str) -> Result<()> {
    for directory in group.directories() {
        let file = directory.join("cgroup.procs");
        fs::write(&file, process).with_context(|| format!("writing {process} to {}", file.display()))?;
    }
    Ok(())
}
