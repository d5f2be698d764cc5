//! The program around an answer to exercise 3.6. `cargo wb check 3.6` builds it and runs it in the lab.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use given::{Cgroup, Version, checked};
use nix::unistd::{ForkResult, pause};

include!(concat!(env!("OUT_DIR"), "/leaf.rs"));

/// Arguments: a name; and what the parent is like: `busy`, with this process and another in it; `twice`, the same, and room is made two
/// times; `hybrid`, the same, and one controller isn't there; of `v1`; or `gone`.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let case = arguments.get(1).map_or("", String::as_str);
    let given = || -> Result<(PathBuf, Vec<String>)> {
        let name = arguments.first().context("a name")?;
        let (room, mut controllers) = checked::make_v2_group(&format!("room-{name}"))?;
        match case {
            "v1" => {
                let group = Cgroup::place(name)?;
                if group.version("memory")? == Version::V1 {
                    checked::make_group(&group)?;
                    let parent = group.folder("memory")?.to_path_buf();
                    be_in(&parent)?;
                    return Ok((parent, controllers));
                }
            }
            "gone" => fs::remove_dir(&room).context("removing the parent")?,
            _ => be_in(&room)?,
        }
        if case == "hybrid" {
            controllers.insert(0, "elsewhere".into());
        }
        Ok((room, controllers))
    };
    let (parent, controllers) = given().unwrap_or_else(|error| checked::blocked(&error));
    let controllers: Vec<&str> = controllers.iter().map(String::as_str).collect();
    checked::ready(|| Ok(()));
    let mut result = answers::leaf::make_room(&parent, &controllers);
    if case == "twice" {
        result = result.and_then(|()| answers::leaf::make_room(&parent, &controllers));
    }
    checked::returned(result)
}

/// This process, and a child.
fn be_in(group: &std::path::Path) -> Result<()> {
    fs::write(group.join("cgroup.procs"), "0").context("joining the parent")?;
    if let ForkResult::Child = given::fork()? {
        loop {
            pause();
        }
    }
    Ok(())
}
