//! The program around an answer to exercise 3.5. `cargo wb check 3.5` builds it and runs it in the lab.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use given::{Cgroup, Version, checked};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

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
            if case == "freeze" {
                share_a_processor()?;
            }
            let many = if case == "freeze" { MANY } else { 2 };
            (0..many).try_for_each(|_| checked::start_in(&group, be_busy).map(drop))?;
        }
        if case == "thaw" {
            freeze(&group)?;
        }
        Ok(group)
    };
    let group = given().unwrap_or_else(|error| checked::blocked(&error));
    checked::ready(|| Ok(()));
    let result = answers::freeze::freeze(&group, case != "thaw");
    // At this very moment: until the checker looks, all may have come to stand still.
    let frozen = is_frozen(&group);
    checked::returned_number(result.map(|()| i32::from(frozen)))
}

/// To stand still, a process has to be run once more. On one processor it isn't, as long as we are: so a function that doesn't wait
/// returns before.
fn share_a_processor() -> Result<()> {
    let ourselves = Pid::from_raw(0);
    let allowed = sched_getaffinity(ourselves).context("sched_getaffinity")?;
    let first = (0..CpuSet::count()).find(|cpu| allowed.is_set(*cpu).unwrap_or(false)).context("no processor")?;
    let mut one = CpuSet::new();
    one.set(first).context("CPU_SET")?;
    sched_setaffinity(ourselves, &one).context("sched_setaffinity")
}

/// For longer than anybody looks.
fn be_busy() -> i32 {
    // This takes the time of those that wait for it.
    checked::be_nice();
    let end = Instant::now() + Duration::from_secs(12);
    while Instant::now() < end {}
    0
}

fn freeze(group: &Cgroup) -> Result<()> {
    let (file, text) = match group.version("freezer")? {
        Version::V1 => ("freezer.state", "FROZEN"),
        Version::V2 => ("cgroup.freeze", "1"),
    };
    let folder = group.folder("freezer")?;
    fs::write(folder.join(file), text).context("freezing the group")?;
    let end = Instant::now() + Duration::from_secs(5);
    while !is_frozen(group) {
        anyhow::ensure!(Instant::now() < end, "the group isn't frozen");
        sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn is_frozen(group: &Cgroup) -> bool {
    let Ok(folder) = group.folder("freezer") else { return false };
    [("freezer.state", "FROZEN"), ("cgroup.events", "frozen 1")].into_iter().any(|(file, line)| {
        fs::read_to_string(folder.join(file)).is_ok_and(|text| text.lines().any(|found| found == line))
    })
}
