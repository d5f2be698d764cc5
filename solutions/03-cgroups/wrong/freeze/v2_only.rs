//! diagnosis: other-version
//! made by: whoever follows a page that knows v2 only, on a machine where the freezer is v1's. (And
//! the other way round on v2.)

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use given::{Cgroup, Version};

pub fn freeze(group: &Cgroup, frozen: bool) -> Result<()> {
    let directory = group.directory("freezer")?;
    let wrong = match group.version("freezer")? {
        Version::V1 => "cgroup.freeze",
        Version::V2 => "freezer.state",
    };
    fs::write(directory.join(wrong), if frozen { "1" } else { "0" }).context("asking")?;
    sleep(Duration::from_millis(100));
    Ok(())
}
