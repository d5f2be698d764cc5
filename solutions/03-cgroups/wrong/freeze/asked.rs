//! diagnosis: never-waited
//! made by: everybody, in the first version; with one process it mostly is so at once.

use std::fs;

use anyhow::{Context, Result};
use given::{Cgroup, Version};

pub fn freeze(group: &Cgroup, frozen: bool) -> Result<()> {
    let directory = group.directory("freezer")?;
    let v1 = group.version("freezer")? == Version::V1;
    let (file, text) = match (v1, frozen) {
        (true, true) => ("freezer.state", "FROZEN"),
        (true, false) => ("freezer.state", "THAWED"),
        (false, true) => ("cgroup.freeze", "1"),
        (false, false) => ("cgroup.freeze", "0"),
    };
    fs::write(directory.join(file), text).context("asking")?;
    Ok(())
}
