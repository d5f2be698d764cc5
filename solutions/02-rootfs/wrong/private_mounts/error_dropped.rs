//! diagnosis: swallowed-the-error
//! made by: whoever silences the compiler's "unused Result" with `let _ =`.

use anyhow::Result;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

pub fn private_mounts() -> Result<()> {
    let _ = unshare(CloneFlags::CLONE_NEWNS);
    let _ = mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>);
    Ok(())
}
