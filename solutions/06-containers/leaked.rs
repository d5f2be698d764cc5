//! Exercise 6.5b: the descriptor that was left open.
//!
//! A runtime has left a descriptor of one of the host's directories open in a container. First get
//! out through it, then close the hole. Read proc_pid_fd(5), getcwd(2), and CVE-2024-21626; check
//! with `cargo wb check 6.5b`.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The attack, called in the container: the text of the host's file `name`, which lies one
/// directory above the one that was left open. (There may be other open files, and one
/// more directory, of the container's own.)
pub fn read_outside(name: &str) -> Result<String> {
    // wb:answer
    let inside = |path: &Path| fs::canonicalize(path).is_ok();
    let open = fs::read_dir("/proc/self/fd").context("reading /proc/self/fd")?;
    for entry in open {
        let above = entry?.path().join("..");
        // What has a path from / is in the container.
        if let Ok(text) = fs::read_to_string(above.join(name))
            && !inside(&above)
        {
            return Ok(text);
        }
    }
    anyhow::bail!("no open descriptor leads out")
    // wb:starter
    // todo!("which files are open in this process?")
    // wb:end
}

/// The defence, called by the runtime in the container, right before it executes the command: makes
/// `directory` the working directory, if it is in the container. From then on, nothing that the
/// runtime has open is of use to the command.
///
/// Fails, saying why, when `directory` is missing, or outside.
///
/// Given is `given::close_on_exec`.
pub fn work_in(directory: &Path) -> Result<()> {
    // wb:answer
    env::set_current_dir(directory).with_context(|| format!("chdir to {}", directory.display()))?;
    // The kernel says "(unreachable)", of which an error is made.
    let here = env::current_dir().with_context(|| format!("{} is outside of the container", directory.display()))?;
    ensure!(here.is_absolute(), "{} is outside of the container: {}", directory.display(), here.display());
    given::close_on_exec()
    // wb:starter
    // todo!("go there, then look where you are")
    // wb:end
}
