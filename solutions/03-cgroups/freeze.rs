//! Exercise 3.6: halted, and going on.
//!
//! `docker pause` halts all processes of a container where they are. They don't notice, and can't
//! refuse it. Read the kernel's admin-guide/cgroup-v2 (cgroup.freeze) and
//! cgroup-v1/freezer-subsystem; check with `cargo wb check 3.6`.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use given::{Cgroup, Version};

/// Halts every process of the group, if `frozen`, or else lets them go on. It returns when that is
/// so.
///
/// Fails, saying what was being done, when the kernel refuses it, or when it isn't so after three
/// seconds.
///
/// Given are `group.directory("freezer") -> Result<&Path>`, and `group.version("freezer") ->
/// Result<Version>`, which is `Version::V1` or `Version::V2`.
pub fn freeze(group: &Cgroup, frozen: bool) -> Result<()> {
    // wb:answer
    let directory = group.directory("freezer")?;
    let (file, asked, state, reached) = match (group.version("freezer")?, frozen) {
        (Version::V1, true) => ("freezer.state", "FROZEN", "freezer.state", "FROZEN"),
        (Version::V1, false) => ("freezer.state", "THAWED", "freezer.state", "THAWED"),
        (Version::V2, true) => ("cgroup.freeze", "1", "cgroup.events", "frozen 1"),
        (Version::V2, false) => ("cgroup.freeze", "0", "cgroup.events", "frozen 0"),
    };
    let file = directory.join(file);
    fs::write(&file, asked).with_context(|| format!("writing {asked} to {}", file.display()))?;
    // That was to ask for it. Each process has to come to a point where it can stand still.
    let state = directory.join(state);
    let end = Instant::now() + Duration::from_secs(3);
    loop {
        let text = fs::read_to_string(&state).with_context(|| format!("reading {}", state.display()))?;
        if text.lines().any(|line| line == reached) {
            return Ok(());
        }
        ensure!(Instant::now() < end, "{} doesn't become \"{reached}\"", state.display());
        sleep(Duration::from_millis(1));
    }
    // wb:starter
    // todo!("ask for it, then wait until it is so")
    // wb:end
}
