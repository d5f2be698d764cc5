//! diagnosis: one-tree
//! made by: whoever tries it on a v2 machine first, where one directory is all there is.

use std::fs;

use anyhow::{Context, Result};
use given::Cgroup;

pub fn create(group: &Cgroup) -> Result<()> {
    fs::create_dir(group.directory("memory")?).context("mkdir")?;
    Ok(())
}

pub fn join(group: &Cgroup) -> Result<()> {
    fs::write(group.directory("memory")?.join("cgroup.procs"), "0").context("joining")?;
    Ok(())
}
