//! diagnosis: swallowed-the-error
//! made by: whoever silences the compiler's "unused Result" with `let _ =`.

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::sethostname;

pub fn own_hostname(name: &str) -> Result<()> {
    unshare(CloneFlags::CLONE_NEWUTS).context("unshare(CLONE_NEWUTS)")?;
    let _ = sethostname(name);
    Ok(())
}
