//! diagnosis: still-busy
//! made by: everybody who tries it as it stands in the manual: there the group is empty.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

pub fn make_room(parent: &Path, controllers: &[&str]) -> Result<()> {
    ensure!(parent.is_dir(), "no such group");
    let given = parent.join("cgroup.subtree_control");
    if !given.exists() {
        return Ok(());
    }
    let available = fs::read_to_string(parent.join("cgroup.controllers")).context("controllers")?;
    for controller in controllers.iter().filter(|name| available.split_whitespace().any(|known| known == **name)) {
        fs::write(&given, format!("+{controller}")).context("giving")?;
    }
    Ok(())
}
