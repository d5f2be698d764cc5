//! `events`: what limits did, as it happens.

use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;
use ch01_namespaces::{Store, say};

use crate::cgroup::Cgroup;
use crate::events::{Events, LastEvents};
use crate::verbs::Format;

/// How often the counters are read. They only grow, and the last are kept: nothing is missed in
/// between, nor at the end.
const INTERVAL: Duration = Duration::from_millis(50);

/// Prints the counters; with `follow`, each time that one has grown, until the container has ended.
pub fn events(store: &Store, name: &str, format: Format, follow: bool) -> Result<()> {
    let cgroup = Cgroup::for_container(store, name)?;
    let (directory, state) = store.find(name)?;
    let mut last = LastEvents::open(&directory)?;
    let mut known = Events::read(&cgroup);
    if !follow || format == Format::Json {
        print(&known, &Events::default(), format, follow)?;
    }
    if !follow {
        return Ok(());
    }
    loop {
        let alive = state.is_alive();
        let now = Events::read(&cgroup);
        // A cgroup that is gone has no counters, and what was read may lack some. Whoever removed it has
        // kept the last.
        let is_there = cgroup.parts.iter().all(|part| part.directory.exists());
        let now = if is_there { Some(now) } else { last.read() };
        if let Some(now) = now.filter(|now| *now != known) {
            print(&now, &known, format, follow)?;
            known = now;
        }
        if !alive {
            return Ok(());
        }
        sleep(INTERVAL);
    }
}

fn print(now: &Events, before: &Events, format: Format, only_new: bool) -> Result<()> {
    if format == Format::Json {
        say!("{}", serde_json::to_string(now)?);
        return Ok(());
    }
    for ((name, now), (_, before)) in now.named().into_iter().zip(before.named()) {
        if !only_new || now != before {
            say!("{name:<18} {now}");
        }
    }
    Ok(())
}
