//! diagnosis: swallowed-the-error
//! made by: whoever silences the compiler's "unused Result" with `let _ =`.

use std::fs;

use anyhow::Result;
use given::Cgroup;

pub fn limit_pids(group: &Cgroup, most: u64) -> Result<()> {
    let _ = fs::write(group.directory("pids")?.join("pids.max"), most.to_string());
    Ok(())
}
