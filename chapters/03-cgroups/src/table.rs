//! `stats`: the counters of many containers at once.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;
use ch01_namespaces::{State, Store, narration::fitted, report, say};

use crate::cgroup::Cgroup;
use crate::stats::Stats;
use crate::units::format_bytes;
use crate::verbs::Format;

/// A container that is shown, wherever its counters are.
pub struct Counted<'a> {
    /// Its id.
    pub id: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Reads the counters; `None` when it has ended.
    pub read: Box<dyn FnMut() -> Result<Option<Stats>> + 'a>,
}

/// One container, as it was when we looked last.
struct Row<'a> {
    counted: Counted<'a>,
    before: Option<(Instant, u64)>,
}

/// Prints them; with `follow`, every second until none is alive.
pub fn stats(store: &Store, names: &[String], format: Format, follow: bool) -> Result<()> {
    show(counted(store, names)?, format, follow)
}

/// The same of any containers.
pub fn show(containers: Vec<Counted>, format: Format, follow: bool) -> Result<()> {
    let mut rows: Vec<Row> = containers.into_iter().map(|counted| Row { counted, before: None }).collect();
    if format == Format::Table {
        head()?;
    }
    loop {
        let mut left = Vec::new();
        for mut row in rows {
            if let Some(stats) = (row.counted.read)()? {
                row.print(&stats, format)?;
                left.push(row);
            }
        }
        rows = left;
        if !follow || rows.is_empty() {
            return Ok(());
        }
        sleep(Duration::from_secs(1));
        if format == Format::Table && rows.len() > 1 {
            say!("");
        }
    }
}

/// Of the containers named, each an error if it is not there; or of all that are alive and have
/// cgroups.
fn counted(store: &Store, names: &[String]) -> Result<Vec<Counted<'static>>> {
    let row = |state: State, cgroup: Cgroup| {
        let (id, name) = (state.id.to_string(), state.name.clone());
        let mut is_first = true;
        let read = move || {
            let is_shown = std::mem::take(&mut is_first) || state.is_alive();
            Ok(is_shown.then(|| Stats::read(&cgroup)))
        };
        Counted { id, name, read: Box::new(read) }
    };
    if !names.is_empty() {
        let of = |name: &String| Ok(row(store.find(name)?.1, Cgroup::for_container(store, name)?));
        return names.iter().map(of).collect();
    }
    let mut rows = Vec::new();
    for state in store.states()?.into_iter().filter(State::is_alive) {
        match Cgroup::read(&directory(store, &state)?) {
            Ok(cgroup) => rows.extend(cgroup.map(|cgroup| row(state, cgroup))),
            // One that is damaged doesn't hide the others.
            Err(error) => drop(report(&error)),
        }
    }
    Ok(rows)
}

fn directory(store: &Store, state: &State) -> Result<PathBuf> {
    Ok(store.directory_of(state))
}

fn head() -> Result<()> {
    say!(
        "{:<12} {:>6} {:>9} {:>9} {:>15} {:>7} {:>8} {:>7}",
        "CONTAINER",
        "CPU %",
        "CPU",
        "THROTTLED",
        "MEMORY/LIMIT",
        "CACHE",
        "PIDS",
        "IO"
    );
    Ok(())
}

impl Row<'_> {
    fn print(&mut self, stats: &Stats, format: Format) -> Result<()> {
        let Counted { id, name, .. } = &self.counted;
        if format == Format::Json {
            let mut object = serde_json::to_value(stats)?;
            object["id"] = id.as_str().into();
            object["name"] = serde_json::to_value(name)?;
            say!("{object}");
            return Ok(());
        }
        let now = Instant::now();
        let per_cent = self.before.replace((now, stats.cpu.usage_usec)).map(|(then, used)| {
            let passed = now.duration_since(then).as_micros().max(1) as f64;
            stats.cpu.usage_usec.saturating_sub(used) as f64 * 100.0 / passed
        });
        let name = name.clone().unwrap_or_else(|| id[..id.len().min(12)].into());
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        let of_limit = |used: String, limit: Option<String>| format!("{used}/{}", or_none(limit));
        let (memory, pids, io) = (stats.memory.as_ref(), stats.pids.as_ref(), stats.io.as_ref());
        say!(
            "{:<12} {:>6} {:>9} {:>9} {:>15} {:>7} {:>8} {:>7}",
            fitted(&name, 12),
            or_none(per_cent.map(|number| format!("{number:.1}"))),
            seconds(stats.cpu.usage_usec),
            seconds(stats.cpu.throttled_usec),
            or_none(memory.map(|memory| of_limit(format_bytes(memory.usage), memory.limit.map(format_bytes)))),
            or_none(memory.map(|memory| format_bytes(memory.cache))),
            or_none(pids.map(|pids| of_limit(pids.current.to_string(), pids.limit.map(|limit| limit.to_string())))),
            or_none(io.map(|io| format_bytes(io.read_bytes + io.write_bytes))),
        );
        Ok(())
    }
}

fn seconds(microseconds: u64) -> String {
    format!("{:.2}s", microseconds as f64 / 1e6)
}
