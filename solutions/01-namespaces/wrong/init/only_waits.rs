//! diagnosis: only-waits
//! made by: every Dockerfile whose ENTRYPOINT is a shell script without exec: "docker stop" waits
//! ten seconds (https://github.com/mrmn2/PdfDing/issues/165).

use std::ffi::OsString;

use anyhow::Result;
use nix::unistd::ForkResult;

pub fn run_as_init(command: &[OsString]) -> Result<i32> {
    let child = match given::fork()? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            let Err(error) = given::exec(command);
            eprintln!("{error:#}");
            given::exit(given::exit_code_for_error(&error).into())
        }
    };
    given::wait(child)
}
