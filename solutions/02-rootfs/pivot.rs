//! Exercise 2.4: another /, and the old one gone.
//!
//! What changes places are mounts: lines of the mount table. A directory has no line, until it is
//! mounted on itself. Read pivot_root(2) to the end of its notes, umount2(2) and mount(2); check
//! with `cargo wb check 2.4`.

use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, pivot_root};

/// Makes the directory `root` this process's /, and its working directory. What is mounted below
/// `root` comes along; of the old root nothing stays in the mount table, and nothing is left in
/// `root`.
///
/// The mount table is this process's own, and private. Fails, saying which step failed, when the
/// kernel refuses one of them.
pub fn pivot_into(root: &Path) -> Result<()> {
    // wb:answer
    // A directory becomes a mount when it is bound on itself; recursively, or what is mounted below it
    // would stay behind.
    mount(Some(root), root, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
        .with_context(|| format!("mount(MS_BIND|MS_REC) of {} on itself", root.display()))?;
    chdir(root).with_context(|| format!("chdir({})", root.display()))?;
    // Both the same: the old root comes to lie on top of the new one, and no directory is needed for
    // it.
    pivot_root(".", ".").context("pivot_root(\".\", \".\")")?;
    // On top at "." is the old root. Lazily: somebody may have a file on it open.
    umount2(".", MntFlags::MNT_DETACH).context("umount2(\".\", MNT_DETACH) of the old root")?;
    Ok(())
    // wb:starter
    // todo!("make the directory a mount, change places, take the old root away")
    // wb:end
}
