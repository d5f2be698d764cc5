//! diagnosis: only-itself
//! made by: whoever has only itself in the group, as in a scope of systemd's.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

pub fn make_room(parent: &Path, controllers: &[&str]) -> Result<()> {
    ensure!(parent.is_dir(), "no such group");
    let given = parent.join("cgroup.subtree_control");
    if !given.exists() {
        return Ok(());
    }
    let leaf = parent.join("leaf");
    fs::create_dir_all(&leaf).context("mkdir")?;
    fs::write(leaf.join("cgroup.procs"), "0").context("moving")?;
    let available = fs::read_to_string(parent.join("cgroup.controllers")).context("controllers")?;
    for controller in controllers.iter().filter(|name| available.split_whitespace().any(|known| known == **name)) {
        fs::write(&given, format!("+{controller}")).context("giving")?;
    }
    Ok(())
}
