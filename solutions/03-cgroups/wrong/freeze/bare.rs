//! diagnosis: bare-errno
//! made by: every first version with `?`.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

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
    fs::write(directory.join(file), text)?;
    let (state, reached) = match (v1, frozen) {
        (true, _) => ("freezer.state", text.to_string()),
        (false, _) => ("cgroup.events", format!("frozen {text}")),
    };
    while !fs::read_to_string(directory.join(state)).context("the state")?.lines().any(|line| line == reached) {
        sleep(Duration::from_millis(1));
    }
    Ok(())
}
