//! diagnosis: swallowed-the-error
//! made by: whoever silences the compiler's "unused Result" with `let _ =`.

use std::path::Path;

use anyhow::Result;
use nix::mount::{MsFlags, mount};

pub fn bind_read_only(source: &Path, target: &Path) -> Result<()> {
    let _ = mount(Some(source), target, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>);
    let _ = given::mount_setattr(target, libc::AT_RECURSIVE, libc::MOUNT_ATTR_RDONLY);
    Ok(())
}
