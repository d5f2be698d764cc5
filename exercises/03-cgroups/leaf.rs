//! Exercise 3.2: room for groups below.
//!
//! On v2 a group has a controller when its parent gives it; and a parent that gives some has no
//! processes of its own. Read cgroups(7), "Cgroups v2 hierarchies"; check with `cargo wb check
//! 3.2`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Lets groups that are made in the group `parent` have these controllers, those of them that the
/// tree has: on a hybrid machine the others are in trees of v1. Where the kernel asks for that, the
/// parent's processes, this one among them, go to a group below it.
///
/// A parent of v1 stays as it is: there is nothing to do. It may be called again for the same
/// parent. Fails, saying what was being done, when the kernel refuses it, and when there is no such
/// group.
pub fn make_room(parent: &Path, controllers: &[&str]) -> Result<()> {
    todo!("its processes below, then the controllers")
}
