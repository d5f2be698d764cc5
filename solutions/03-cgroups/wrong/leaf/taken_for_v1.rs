//! diagnosis: swallowed-the-error
//! made by: whoever asks for the file, and not for the directory.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

pub fn make_room(parent: &Path, controllers: &[&str]) -> Result<()> {
    let given = parent.join("cgroup.subtree_control");
    if !given.exists() {
        return Ok(());
    }
    let leaf = parent.join("leaf");
    for process in fs::read_to_string(parent.join("cgroup.procs")).context("who is in it")?.lines() {
        fs::create_dir_all(&leaf).context("mkdir")?;
        fs::write(leaf.join("cgroup.procs"), process).context("moving")?;
    }
    let available = fs::read_to_string(parent.join("cgroup.controllers")).context("controllers")?;
    for controller in controllers.iter().filter(|name| available.split_whitespace().any(|known| known == **name)) {
        fs::write(&given, format!("+{controller}")).context("giving")?;
    }
    Ok(())
}
