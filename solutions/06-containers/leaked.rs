//! Exercise 6.5b: attack through a leaked descriptor, and the defence.
//!
//! A runtime has left a descriptor of a host directory open in a container. First use it for an
//! attack, then write the defence. Read proc_pid_fd(5), getcwd(2) and CVE-2024-21626. Check with
//! `cargo wb check 6.5b`.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The attack, which runs in the container. Returns the text of the host's file `name`, which is in
/// the parent directory of the leaked one. (Other files may be open too, and a directory of the
/// container.)
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
    // todo!("which descriptors does this process have?")
    // wb:end
}

/// The defence. The runtime calls it in the container, right before it executes the command. Makes
/// `directory` the working directory, if it is in the container, and ensures that the command
/// inherits no descriptor above 2.
///
/// Returns an error with the reason if `directory` doesn't exist or is outside of the container.
///
/// Use `given::close_on_exec`.
pub fn work_in(directory: &Path) -> Result<()> {
    // wb:answer
    env::set_current_dir(directory).with_context(|| format!("chdir to {}", directory.display()))?;
    // The kernel says "(unreachable)", of which an error is made.
    let here = env::current_dir().with_context(|| format!("{} is outside of the container", directory.display()))?;
    ensure!(here.is_absolute(), "{} is outside of the container: {}", directory.display(), here.display());
    given::close_on_exec()
    // wb:starter
    // todo!("change the directory; then check where you are")
    // wb:end
}
