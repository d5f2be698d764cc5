//! diagnosis: joined-itself
//! made by: whoever knows that children are born in the group, and forgets to leave.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write, pipe};

use anyhow::{Context, Result, anyhow};
use given::Cgroup;
use nix::unistd::{ForkResult, Pid};

pub fn start_limited(group: &Cgroup, command: &[OsString]) -> Result<Pid> {
    // An exec closes the child's end. A word in it says why there was none.
    join(group, "0")?;
    let (mut hears, mut tells) = pipe().context("a pipe to hear from the child")?;
    match given::fork()? {
        ForkResult::Child => {
            drop(hears);
            // For itself, and before it is the command: what it has by then stays with the group it is in.
            let why = match given::exec(command) {
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
            Ok(child)
        }
    }
}

fn join(group: &Cgroup, process: &str) -> Result<()> {
    for directory in group.directories() {
        let file = directory.join("cgroup.procs");
        fs::write(&file, process).with_context(|| format!("writing {process} to {}", file.display()))?;
    }
    Ok(())
}
