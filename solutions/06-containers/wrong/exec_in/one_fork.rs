//! diagnosis: caller-joined
//! made by: whoever saves a process: "join, then fork".

use std::ffi::OsString;

use anyhow::Result;
use nix::unistd::ForkResult;

pub fn exec_in(join: &dyn Fn() -> Result<()>, seal: &dyn Fn() -> Result<()>, command: &[OsString]) -> Result<i32> {
    join()?;
    match given::fork()? {
        ForkResult::Parent { child } => given::wait(child),
        ForkResult::Child => {
            let _ = seal().and_then(|()| given::exec(command));
            given::exit(127)
        }
    }
}
