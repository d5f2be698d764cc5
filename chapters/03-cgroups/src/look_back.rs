//! The last look at a container's groups, before its `run` removes them.

use std::path::Path;

use anyhow::anyhow;
use ch01_namespaces::report;

use crate::controller::{Controller, Version};
use crate::events::Events;
use crate::group::Group;
use crate::{v1, v2};

/// Keeps the counters for whoever follows them, and says what the limits did: "137" alone says nothing of memory.
pub fn look_back(folder: &Path) {
    let Ok(Some(group)) = Group::read(folder) else { return };
    let events = Events::of(&group);
    // Who follows hears of one more or not: no reason to fail.
    let _ = events.keep(folder);
    if events.oom_kills > 0 {
        report(&anyhow!(why_killed(events.oom_kills, came_to_its_limit(&group))));
    }
}

fn why_killed(killed: u64, at_its_limit: bool) -> String {
    if at_its_limit {
        return format!("the container came to its memory limit, and the kernel killed {killed} of its processes");
    }
    format!(
        "memory ran out: the kernel killed {killed} of the container's processes\n\
         likely cause: a group above came to its limit, or the whole machine did\n\
         cure: dmesg names the group; give that more, or hold the others in it to less"
    )
}

/// Whether it was the container's own limit. `oom_kill` doesn't say: it counts whoever was killed in the group, for whatever.
fn came_to_its_limit(group: &Group) -> bool {
    group.part(Controller::Memory).is_some_and(|part| match part.version {
        Version::V1 => v1::memory::came_to_limit(&part.folder),
        Version::V2 => v2::memory::came_to_limit(&part.folder),
    })
}
