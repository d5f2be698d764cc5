//! Exercise 6.2: a status that outlives its maker.
//!
//! `run -d` ends, the container goes on, and an hour later somebody asks how it ended. Put a
//! process in between that waits. Read wait(2), setsid(2); check with `cargo wb check 6.2`.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};
use nix::unistd::{ForkResult, dup2_stderr, dup2_stdin, dup2_stdout, setsid};

/// Starts `command` with a shim as its parent, and returns at once. When the command ends, the shim
/// writes its exit code (128 + N if signal N killed it) to the file `status`, in decimal, and ends.
/// The caller may end before that; until then, it has no child left.
///
/// Given are `given::fork`, `wait`, `exec`, `exit`.
pub fn start_detached(command: &[OsString], status: &Path) -> Result<()> {
    // wb:answer
    match given::fork()? {
        ForkResult::Parent { child } => given::wait(child).map(drop),
        ForkResult::Child => {
            // It ends, and the shim becomes a child of PID 1.
            if let Ok(ForkResult::Child) = given::fork() {
                let code = be_the_shim(command, status).map_or(125, |()| 0);
                given::exit(code)
            }
            given::exit(0)
        }
    }
    // wb:starter
    // todo!("who waits for the command, and whose child is that?")
    // wb:end
}

// wb:answer
fn be_the_shim(command: &[OsString], status: &Path) -> Result<()> {
    setsid().context("setsid")?;
    let null = File::options().read(true).write(true).open("/dev/null").context("opening /dev/null")?;
    dup2_stdin(&null).context("dup2")?;
    dup2_stdout(&null).context("dup2")?;
    dup2_stderr(&null).context("dup2")?;
    let code = match given::fork()? {
        ForkResult::Parent { child } => given::wait(child)?,
        ForkResult::Child => {
            let Err(error) = given::exec(command);
            given::exit(i32::from(given::exit_code_for_error(&error)))
        }
    };
    // All of it, or nothing: it may be read at any moment.
    let new = status.with_extension("new");
    fs::write(&new, code.to_string()).with_context(|| format!("writing {}", new.display()))?;
    fs::rename(&new, status).with_context(|| format!("renaming {}", new.display()))
}
// wb:end
