//! The program around an answer to exercise 3.6. `cargo wb check 3.6` builds it and runs it in the
//! lab.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use given::{Cgroup, Version, checked};

include!(concat!(env!("OUT_DIR"), "/freeze.rs"));

/// So many that they can't all stand still at once.
const MANY: usize = 24;

/// How often it is tried whether the function waits, and for how long: once is seldom enough where
/// a machine is slow.
const ROUNDS: usize = 12;
const PATIENCE: Duration = Duration::from_secs(2);

/// Arguments: the container's name; and what is called: `freeze`, with busy processes in the group;
/// `thaw`, with some that are frozen; `gone`, to freeze, without a group; or `held`, to thaw a
/// group in one that is frozen.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let case = arguments.get(1).map_or("", String::as_str);
    let given = || -> Result<Cgroup> {
        let group = Cgroup::place(arguments.first().map_or("", String::as_str))?;
        checked::groups_can_be_made(&group)?;
        if case != "gone" {
            checked::make_group(&group)?;
        }
        match case {
            // To stand still, a process has to be run once more. On one processor it isn't, as long
            // as we are: so a function that doesn't wait returns before.
            "freeze" => checked::share_a_processor().and_then(|()| start(&group, MANY))?,
            "thaw" => start(&group, 2).and_then(|()| set(&group, true))?,
            "held" => {
                // Without processes: on v1 nobody could kill them.
                let inner = checked::make_group_inside(&group)?;
                set(&group, true)?;
                return Ok(inner);
            }
            _ => {}
        }
        Ok(group)
    };
    let group = given().unwrap_or_else(|error| checked::blocked(&error));
    checked::ready(|| Ok(()));
    let result = match case {
        "freeze" => freeze_often(&group),
        "gone" => answers::freeze::freeze(&group, true).map(|()| false),
        _ => answers::freeze::freeze(&group, false).map(|()| is_frozen(&group)),
    };
    checked::returned_number(result.map(i32::from))
}

/// Whether all stood still each time, at the very moment when the function returned: until the
/// checker looks, they may have come to it.
fn freeze_often(group: &Cgroup) -> Result<bool> {
    let end = Instant::now() + PATIENCE;
    for round in 0..ROUNDS {
        answers::freeze::freeze(group, true)?;
        if !is_frozen(group) {
            return Ok(false);
        }
        if round + 1 == ROUNDS || Instant::now() > end {
            break;
        }
        set(group, false)?;
    }
    Ok(true)
}

fn start(group: &Cgroup, many: usize) -> Result<()> {
    (0..many).try_for_each(|_| checked::start_in(group, be_busy).map(drop))
}

/// For longer than anybody looks.
fn be_busy() -> i32 {
    // This takes the time of those that wait for it.
    checked::be_nice();
    let end = Instant::now() + Duration::from_secs(12);
    while Instant::now() < end {}
    0
}

fn set(group: &Cgroup, frozen: bool) -> Result<()> {
    let (file, text) = match (group.version("freezer")?, frozen) {
        (Version::V1, true) => ("freezer.state", "FROZEN"),
        (Version::V1, false) => ("freezer.state", "THAWED"),
        (Version::V2, true) => ("cgroup.freeze", "1"),
        (Version::V2, false) => ("cgroup.freeze", "0"),
    };
    let directory = group.directory("freezer")?;
    fs::write(directory.join(file), text).context("freezing the group, or letting it go on")?;
    let end = Instant::now() + Duration::from_secs(5);
    while is_frozen(group) != frozen {
        anyhow::ensure!(Instant::now() < end, "the group doesn't become so");
        sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn is_frozen(group: &Cgroup) -> bool {
    let Ok(directory) = group.directory("freezer") else { return false };
    [("freezer.state", "FROZEN"), ("cgroup.events", "frozen 1")].into_iter().any(|(file, line)| {
        fs::read_to_string(directory.join(file)).is_ok_and(|text| text.lines().any(|found| found == line))
    })
}
