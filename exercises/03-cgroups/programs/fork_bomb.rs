//! The program around an answer to exercise 3.8. `cargo wb check 3.8` builds it and runs it in the lab.

use std::fs;

use anyhow::{Context, Result};
use given::{Cgroup, checked};

include!(concat!(env!("OUT_DIR"), "/fork_bomb.rs"));

/// Arguments: the container's name; and how many processes its group may have. This one is in it.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = || -> Result<()> {
        let [name, most] = &arguments[..] else { anyhow::bail!("two arguments") };
        let group = Cgroup::place(name)?;
        checked::make_group(&group)?;
        // Without the limit nothing is tried: the lab has one as well, but that is for accidents.
        fs::write(group.folder("pids")?.join("pids.max"), most).context("limiting the group")?;
        for folder in group.folders() {
            fs::write(folder.join("cgroup.procs"), "0").context("joining the group")?;
        }
        Ok(())
    };
    checked::ready(given);
    checked::returned(answers::fork_bomb::fork_bomb())
}
