//! Frozen cgroups, as far as they are in the way: what is in one neither runs nor, on v1, dies. (To
//! freeze is chapter 3's.)

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::cgroup_removal::children;

// ANCHOR: thaw
/// Lets everything in a v1 freezer cgroup, and in those below it, go on: a frozen process
/// there doesn't even die of SIGKILL. From the top down: below a frozen cgroup nothing is
/// thawed, whatever is written.
pub(crate) fn thaw(cgroup: &Path) {
    if fs::write(cgroup.join("freezer.state"), "THAWED").is_ok() {
        children(cgroup).iter().for_each(|child| thaw(child));
    }
}
// ANCHOR_END: thaw

/// Whether a cgroup is one of v1's freezer.
pub(crate) fn is_v1_freezer(cgroup: &Path) -> bool {
    cgroup.join("freezer.state").exists()
}

/// Refuses to put a process into a cgroup that stands still, because it is frozen itself
/// or one above it is: the process would stand still as well, and nobody would be told
/// why.
pub fn refuse(cgroup: &Path) -> Result<()> {
    let says = |cgroup: &Path, file: &str, words: &[&str]| {
        let text = fs::read_to_string(cgroup.join(file)).unwrap_or_default();
        text.lines().any(|line| words.contains(&line))
    };
    let is_asked_for =
        |cgroup: &&Path| says(cgroup, "freezer.self_freezing", &["1"]) || says(cgroup, "cgroup.freeze", &["1"]);
    // Every cgroup of v2 and of v1's freezer has the file, but for the topmost.
    let can_freeze = |cgroup: &&Path| is_v1_freezer(cgroup) || cgroup.join("cgroup.freeze").exists();
    // The outermost: with an inner one thawed, all would stand still as before.
    let frozen = cgroup.ancestors().take_while(can_freeze).filter(is_asked_for).last();
    // It may lie above of what we see.
    let stands_still =
        || says(cgroup, "freezer.state", &["FROZEN", "FREEZING"]) || says(cgroup, "cgroup.events", &["frozen 1"]);
    let Some(frozen) = frozen.or_else(|| stands_still().then_some(cgroup)) else { return Ok(()) };
    let (file, value) = if is_v1_freezer(frozen) { ("freezer.state", "THAWED") } else { ("cgroup.freeze", "0") };
    bail!(
        "the cgroup {0} is frozen: a process that joined it, or one below, would stand still\n\
         cure: thaw the container whose cgroup it is; or: echo {value} >{0}/{file}",
        frozen.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_frozen_cgroup_the_outermost_is_named() {
        let top = tempfile::tempdir().unwrap();
        let cgroup = top.path().join("a/b");
        fs::create_dir_all(&cgroup).unwrap();
        refuse(&cgroup).unwrap();
        for directory in [&cgroup, &top.path().join("a")] {
            fs::write(directory.join("cgroup.freeze"), "1\n").unwrap();
        }
        let error = refuse(&cgroup).unwrap_err().to_string();
        assert!(error.contains(&format!("{}/a is frozen", top.path().display())), "{error}");
        assert!(error.contains("echo 0 >"), "{error}");
    }

    #[test]
    fn a_cgroup_that_stands_still_for_one_above_that_is_not_seen_is_refused() {
        let top = tempfile::tempdir().unwrap();
        fs::write(top.path().join("freezer.state"), "FROZEN\n").unwrap();
        assert!(refuse(top.path()).unwrap_err().to_string().contains("echo THAWED >"));
    }

    #[test]
    fn groups_below_are_thawed_as_well() {
        let top = tempfile::tempdir().unwrap();
        let below = top.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        for directory in below.ancestors().take(3) {
            fs::write(directory.join("freezer.state"), "FROZEN").unwrap();
        }
        thaw(top.path());
        assert_eq!(fs::read_to_string(below.join("freezer.state")).unwrap(), "THAWED");
    }
}
