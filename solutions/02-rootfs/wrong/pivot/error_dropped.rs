//! diagnosis: swallowed-the-error
//! made by: whoever silences the compiler's "unused Result" with `let _ =`, so as not to fail on
//! what is bound already.

use std::path::Path;

use anyhow::Result;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, pivot_root};

pub fn pivot_into(root: &Path) -> Result<()> {
    let _ = mount(Some(root), root, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>);
    if chdir(root).is_ok() && pivot_root(".", ".").is_ok() {
        let _ = umount2(".", MntFlags::MNT_DETACH);
    }
    Ok(())
}
