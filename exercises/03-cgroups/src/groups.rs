//! A container's groups, as they are seen from outside: the kernel's files, through the program's
//! mounts.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;
use checker::{Program, Running, random};
pub use checker::{Run, until_hopeless};
use given::{Cgroup, Version, checked};
use lab::Lab;

/// The groups of a program that runs.
#[derive(Debug)]
pub struct Groups {
    host: i32,
    group: Cgroup,
    /// The container's.
    pub name: String,
}

/// Starts the program in a lab that has groups of its own. Its first argument is a name for the
/// container that no answer can know beforehand.
pub fn start(program: &Program, arguments: &[&str]) -> Result<(Running, Groups)> {
    let name = format!("{:06x}", random::within(0..0x100_0000));
    let arguments: Vec<&str> = [name.as_str()].into_iter().chain(arguments.iter().copied()).collect();
    let running = program.start(Lab::new().own_cgroups(), &arguments)?;
    // Through the lab's PID 1: the program may go elsewhere.
    let host = running.init();
    let group = checked::cgroup_of(host, &name)?;
    Ok((running, Groups { host, group, name }))
}

impl Groups {
    pub fn is_v1(&self, controller: &str) -> bool {
        self.group.version(controller).is_ok_and(|version| version == Version::V1)
    }

    /// The directory in the tree of a controller, as the program sees it.
    pub fn directory(&self, controller: &str) -> Result<PathBuf> {
        Ok(self.group.directory(controller)?.to_path_buf())
    }

    /// The directories of all trees, each once, as the program sees them.
    pub fn directories(&self) -> Vec<PathBuf> {
        self.group.directories().into_iter().map(Path::to_path_buf).collect()
    }

    /// The group at the top of the v2 tree, as the program sees it.
    pub fn v2_top(&self) -> Result<PathBuf> {
        checked::v2_top_of(self.host)
    }

    /// As it is seen from here.
    pub fn seen(&self, directory: &Path) -> PathBuf {
        Path::new("/proc")
            .join(self.host.to_string())
            .join("root")
            .join(directory.strip_prefix("/").unwrap_or(directory))
    }

    /// The text of a file of the group; `None`: it isn't there.
    pub fn read(&self, controller: &str, file: &str) -> Option<String> {
        let directory = self.seen(self.group.directory(controller).ok()?);
        fs::read_to_string(directory.join(file)).ok().map(|text| text.trim().to_string())
    }

    /// The file that has this name on v1, and that one on v2.
    pub fn either(&self, controller: &str, v1: &str, v2: &str) -> Option<String> {
        self.read(controller, if self.is_v1(controller) { v1 } else { v2 })
    }

    /// `field N` of a file.
    pub fn count(&self, controller: &str, v1: &str, v2: &str, field: &str) -> Option<u64> {
        field_of(&self.either(controller, v1, v2)?, field)
    }

    /// The processes in the group in the tree of this directory, as numbered here.
    pub fn processes(&self, directory: &Path) -> Vec<i32> {
        numbers(&fs::read_to_string(self.seen(directory).join("cgroup.procs")).unwrap_or_default())
    }

    /// The threads in it.
    pub fn threads(&self, directory: &Path) -> Vec<i32> {
        let directory = self.seen(directory);
        let list =
            ["tasks", "cgroup.threads"].into_iter().find_map(|file| fs::read_to_string(directory.join(file)).ok());
        numbers(&list.unwrap_or_default())
    }
}

/// What a pass says nothing about, where the controller is on v1: v2, whose files have other names.
pub fn unjudged(controller: &str) -> String {
    let group = checked::cgroup_of(std::process::id() as i32, "any");
    if group.and_then(|group| group.version(controller)).is_ok_and(|version| version == Version::V1) {
        format!(
            "The {controller} controller of this machine is on cgroup v1. Whether your answer is right on v2, which most \
             machines have now, was not judged."
        )
    } else {
        String::new()
    }
}

pub fn field_of(text: &str, field: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(' ')?.trim().parse().ok())
}

fn numbers(text: &str) -> Vec<i32> {
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

/// The threads of a process.
pub fn threads_of(pid: i32) -> Vec<i32> {
    let entries = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// All of them together, in clock ticks.
pub fn time_used(processes: &[i32]) -> u64 {
    let of = |process: &i32| -> Option<u64> {
        let fields = stat(*process)?;
        // utime and stime, counted from the state, which is the third: proc_pid_stat(5).
        let mut fields = fields.split(' ').skip(14 - 3);
        Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
    };
    processes.iter().filter_map(of).sum()
}

/// /proc/PID/stat from the state on.
pub fn stat(process: i32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    Some(text.rsplit_once(") ")?.1.to_string())
}

/// Waits until something is so, for as long as what is given may take for it.
pub fn within_moments(so: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        if so() {
            return true;
        }
        sleep(Duration::from_millis(10));
    }
    so()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        assert_eq!(field_of("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", "oom_kill"), Some(3));
        assert_eq!(field_of("max 4\n", "oom_kill"), None);
        assert_eq!(numbers("12\n7\nx\n"), [12, 7]);
    }
}
