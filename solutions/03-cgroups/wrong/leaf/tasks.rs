//! diagnosis: other-version
//! made by: whoever knows `echo $$ >tasks` from v1.

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
    for process in fs::read_to_string(parent.join("cgroup.procs")).context("who is in it")?.lines() {
        fs::create_dir_all(&leaf).context("mkdir")?;
        fs::write(leaf.join("tasks"), process).context("moving")?;
    }
    let available = fs::read_to_string(parent.join("cgroup.controllers")).context("controllers")?;
    for controller in controllers.iter().filter(|name| available.split_whitespace().any(|known| known == **name)) {
        fs::write(&given, format!("+{controller}")).context("giving")?;
    }
    Ok(())
}
