//! The program around an answer to exercise 3.5. `cargo wb check 3.5` builds it and runs it in the lab.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use given::{Cgroup, Version, checked};

include!(concat!(env!("OUT_DIR"), "/freeze.rs"));

/// So many that they can't all stand still at once.
const MANY: usize = 24;

/// Arguments: the container's name; and what is called: `freeze`, with busy processes in the group; `thaw`, with some that are frozen; or `gone`,
/// to freeze, without a group.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let case = arguments.get(1).map_or("", String::as_str);
    let given = || -> Result<Cgroup> {
        let group = Cgroup::place(arguments.first().map_or("", String::as_str))?;
        checked::groups_can_be_made(&group)?;
        if case != "gone" {
            checked::make_group(&group)?;
            let many = if case == "freeze" { MANY } else { 2 };
            (0..many).try_for_each(|_| checked::start_in(&group, be_busy).map(drop))?;
            all_are_in(&group, many)?;
        }
        if case == "thaw" {
            freeze(&group)?;
        }
        Ok(group)
    };
    let group = given().unwrap_or_else(|error| checked::blocked(&error));
    checked::ready(|| Ok(()));
    checked::returned(answers::freeze::freeze(&group, case != "thaw"))
}

/// For longer than anybody looks.
fn be_busy() -> i32 {
    let end = Instant::now() + Duration::from_secs(12);
    while Instant::now() < end {}
    0
}

fn all_are_in(group: &Cgroup, many: usize) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(8);
    for folder in group.folders() {
        while fs::read_to_string(folder.join("cgroup.procs"))?.lines().count() < many {
            anyhow::ensure!(Instant::now() < end, "the processes don't come into the group");
            sleep(Duration::from_millis(5));
        }
    }
    Ok(())
}

fn freeze(group: &Cgroup) -> Result<()> {
    let (file, text) = match group.version("freezer")? {
        Version::V1 => ("freezer.state", "FROZEN"),
        Version::V2 => ("cgroup.freeze", "1"),
    };
    let folder = group.folder("freezer")?;
    fs::write(folder.join(file), text).context("freezing the group")?;
    let is_so = |file: &str, line: &str| {
        fs::read_to_string(folder.join(file)).is_ok_and(|text| text.lines().any(|found| found == line))
    };
    let end = Instant::now() + Duration::from_secs(5);
    while !is_so("freezer.state", "FROZEN") && !is_so("cgroup.events", "frozen 1") {
        anyhow::ensure!(Instant::now() < end, "the group isn't frozen");
        sleep(Duration::from_millis(5));
    }
    Ok(())
}
