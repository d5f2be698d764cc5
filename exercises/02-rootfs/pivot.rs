//! Exercise 2.4: another /, and the old one gone.
//!
//! What changes places are mounts: lines of the mount table. A directory has no line, until it is
//! mounted on itself. Read pivot_root(2) to the end of its notes, umount2(2) and mount(2); check
//! with `cargo wb check 2.4`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

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
    todo!("make the directory a mount, change places, take the old root away")
}
