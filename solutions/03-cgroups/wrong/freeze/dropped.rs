//! diagnosis: swallowed-the-error
//! made by: whoever silences the compiler's "unused Result" with `let _ =`.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;
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
    let _ = fs::write(directory.join(file), text);
    sleep(Duration::from_millis(800));
    Ok(())
}
