//! `ls`: the tree of cgroups.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ch01_namespaces::{Store, narration::fitted, say};

use crate::cgroup::Cgroup;
use crate::controller::{Controller, Version};
use crate::machine::Machine;
use crate::setting::{number, read};
use crate::units::format_bytes;
use crate::verbs::Format;
use crate::{v1, v2};

/// Prints it.
pub fn list(store: &Store, controller: Controller, format: Format) -> Result<()> {
    let machine = Machine::observe()?;
    let hierarchy = machine
        .hierarchy_of(controller)
        .with_context(|| format!("there is no tree with the controller {controller} in sight"))?;
    let names = names(store, controller)?;
    if format == Format::Table {
        let version = if hierarchy.version == Version::V1 { "v1" } else { "v2" };
        say!("{:<50} {:>9} {:>12}", format!("{} ({version})", hierarchy.mount_point.display()), "PROCESSES", "LIMIT");
    }
    let lister = Lister { controller, version: hierarchy.version, format, names, own: hierarchy.own.clone() };
    lister.print(&hierarchy.mount_point, &hierarchy.mount_point, 0)
}

/// Containers' directories, and what people call them.
fn names(store: &Store, controller: Controller) -> Result<BTreeMap<PathBuf, String>> {
    let mut names = BTreeMap::new();
    for state in store.states()? {
        // One that is damaged is told by `ps`.
        if let Ok(Some(cgroup)) = Cgroup::read(&store.directory_of(&state))
            && let Some(part) = cgroup.part(controller)
        {
            names.insert(part.directory.clone(), state.name.unwrap_or_else(|| state.id[..12].to_string()));
        }
    }
    Ok(names)
}

struct Lister {
    controller: Controller,
    version: Version,
    format: Format,
    names: BTreeMap<PathBuf, String>,
    own: PathBuf,
}

impl Lister {
    fn print(&self, top: &Path, directory: &Path, depth: usize) -> Result<()> {
        let processes = read(directory, v2::PROCS).lines().count();
        let path = Path::new("/").join(directory.strip_prefix(top).unwrap_or(directory));
        // A cgroup's name is any bytes but a slash.
        let path = path.to_string_lossy();
        let limit = self.limit(directory);
        if self.format == Format::Json {
            let container = self.names.get(directory);
            let row = serde_json::json!({
                "path": path, "processes": processes, "limit": limit, "container": container,
            });
            say!("{row}");
        } else {
            let name = directory.file_name().filter(|_| depth > 0).unwrap_or("/".as_ref()).to_string_lossy();
            let mut label = format!("{}{}", "  ".repeat(depth), fitted(&harmless(&name), 24));
            if let Some(container) = self.names.get(directory) {
                label.push_str(&format!("  container {container}"));
            }
            if directory == self.own {
                label.push_str("  (you)");
            }
            say!("{:<50} {processes:>9} {:>12}", fitted(&label, 50), limit.unwrap_or_else(|| "-".into()));
        }
        let mut children: Vec<PathBuf> = fs::read_dir(directory)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| entry.path())
            .collect();
        children.sort();
        children.iter().try_for_each(|child| self.print(top, child, depth + 1))
    }

    /// The controller's own limit, for people.
    fn limit(&self, directory: &Path) -> Option<String> {
        match (self.controller, self.version) {
            (Controller::Memory, Version::V1) => {
                number(directory, v1::memory::LIMIT).filter(|limit| *limit < v1::memory::NO_LIMIT).map(format_bytes)
            }
            (Controller::Memory, Version::V2) => number(directory, v2::memory::MAX).map(format_bytes),
            (Controller::Pids, _) => number(directory, v2::pids::MAX).map(|limit| limit.to_string()),
            (Controller::Cpu, Version::V1) => {
                let quota = number(directory, v1::cpu::QUOTA)? as f64;
                Some(format!("{:.2} CPUs", quota / number(directory, v1::cpu::PERIOD)? as f64))
            }
            (Controller::Cpu, Version::V2) => {
                let text = read(directory, v2::cpu::MAX);
                let (quota, period) = text.trim().split_once(' ')?;
                Some(format!("{:.2} CPUs", quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?))
            }
            _ => None,
        }
    }
}

/// A name without what would rewrite the terminal. (A backslash stays: systemd's own names have
/// some.)
fn harmless(name: &str) -> String {
    let shown = |letter: char| if letter.is_control() { letter.escape_debug().to_string() } else { letter.into() };
    name.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_name_only_control_characters_are_changed() {
        assert_eq!(harmless("\x1b[31m"), "\\u{1b}[31m");
        assert_eq!(harmless("dev-disk\\x2dby 'ü'"), "dev-disk\\x2dby 'ü'");
    }
}
