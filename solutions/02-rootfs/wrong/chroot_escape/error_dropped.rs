//! diagnosis: swallowed-the-error
//! made by: whoever silences the compiler's "unused Result" with `let _ =`.

use std::fs;

use anyhow::Result;
use nix::unistd::{chdir, chroot};

pub fn escape() -> Result<()> {
    let _ = fs::create_dir_all("below");
    let _ = chroot("below");
    for _ in 0..1000 {
        let _ = chdir("..");
    }
    let _ = chroot(".");
    Ok(())
}
