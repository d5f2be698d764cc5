//! diagnosis: both
//! made by: the starter, unchanged.

use std::ffi::OsString;

use anyhow::Result;
use nix::unistd::ForkResult;

/// Runs `command` in a container, in all of the container's namespaces and with no more
/// capabilities than the container has. Returns the command's exit code. The caller's own
/// namespaces don't change.
///
/// `join` moves the calling process into the container's namespaces, as exercise 1.10 does. `seal`
/// removes the capabilities that the container doesn't have from the calling process.
pub fn exec_in(join: &dyn Fn() -> Result<()>, seal: &dyn Fn() -> Result<()>, command: &[OsString]) -> Result<i32> {
    match given::fork()? {
        ForkResult::Parent { child } => given::wait(child),
        ForkResult::Child => {
            let code = enter_and_run(join, seal, command).unwrap_or_else(|error| {
                eprintln!("{error:#}");
                i32::from(given::exit_code_for_error(&error))
            });
            given::exit(code)
        }
    }
}

/// In the child: it doesn't come back from the container.
fn enter_and_run(join: &dyn Fn() -> Result<()>, seal: &dyn Fn() -> Result<()>, command: &[OsString]) -> Result<i32> {
    seal()?;
    join()?;
    match given::exec(command)? {}
}
