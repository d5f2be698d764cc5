//! Exercise 6.2: start a command in the background.
//!
//! `run -d` ends while the container runs, and an hour later you want to know its exit status. Make
//! a shim process that waits for the container. Read wait(2) and setsid(2). Check with `cargo wb
//! check 6.2`.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};
use nix::unistd::{ForkResult, dup2_stderr, dup2_stdin, dup2_stdout, setsid};

/// Starts `command` with a shim as its parent, and returns at once. When the command ends, the shim
/// writes its exit code (128 + N if signal N killed it) to the file `status`, in decimal, and ends.
/// The caller may end earlier. After the function has returned, the caller has no child left.
///
/// Use `given::fork`, `wait`, `exec` and `exit`.
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
    // todo!("which process waits for the command, and which process is its parent?")
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
