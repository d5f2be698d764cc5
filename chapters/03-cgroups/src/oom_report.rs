//! The last look at a container's cgroups, before its `run` removes them.

use std::path::Path;

use anyhow::anyhow;
use ch01_namespaces::report;

use crate::cgroup::Cgroup;
use crate::controller::{Controller, Version};
use crate::events::{Events, Where};
use crate::{v1, v2};

/// Keeps the counters for whoever follows them, and says what the limits did: "137" alone says
/// nothing of memory.
pub fn report_oom(directory: &Path) {
    let Ok(Some(cgroup)) = Cgroup::read(directory) else { return };
    let events = Events::read(&cgroup);
    // Who follows hears of one more or not: no reason to fail.
    let _ = events.keep(directory);
    if let Some(why) = why_killed(&cgroup, events.oom_kills) {
        report(&anyhow!(why));
    }
}

/// Why the kernel has killed, if it has.
fn why_killed(cgroup: &Cgroup, killed: u64) -> Option<String> {
    let part = cgroup.part(Controller::Memory)?;
    let (place, killed) = match part.version {
        Version::V2 => (v2::memory::where_it_ran_out(&part.directory), killed),
        Version::V1 if killed > 0 => (v1::memory::where_it_ran_out(&part.directory), killed),
        Version::V1 => (Where::Below, v1::memory::kills_below(&part.directory)),
    };
    (killed > 0).then(|| in_words(killed, place))
}

fn in_words(killed: u64, place: Where) -> String {
    match place {
        Where::Here => {
            format!("the container came to its memory limit, and the kernel killed {killed} of its processes")
        }
        Where::Below => format!(
            "memory ran out in a cgroup inside the container's: the kernel killed {killed} of its processes\n\
             cause: something in the container gave a part of its processes a limit of their own (a runtime inside)\n\
             cure: give that cgroup more; the container's own limit was not reached"
        ),
        Where::Above => format!(
            "memory ran out: the kernel killed {killed} of the container's processes\n\
             cause: a cgroup above came to its limit, or the whole machine did\n\
             cure: dmesg names the cgroup; give that more, or hold the others in it to less"
        ),
    }
}
