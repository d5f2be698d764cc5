//! A container's groups, as they are seen from outside: the kernel's files, through the program's
//! mounts.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;
use checker::{Outcome, Program, Reply, Running, random};
use given::{Cgroup, Version, checked};
use lab::{Lab, look};
use nix::errno::Errno;

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

/// One run for each case; after a hopeless one there are no more.
pub fn until_hopeless<C, S>(
    cases: impl IntoIterator<Item = C>,
    observe: impl Fn(C) -> Result<S>,
    run: impl Fn(&S) -> &Run,
) -> Result<Vec<S>> {
    let mut seen = Vec::new();
    for case in cases {
        seen.push(observe(case)?);
        if seen.last().is_some_and(|last| run(last).is_hopeless()) {
            break;
        }
    }
    Ok(seen)
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

/// A run of the program, whatever is looked at.
#[derive(Debug, Clone)]
pub struct Run {
    pub reply: Reply,
    /// Whether the program still ran when we looked; if not, nothing else that was seen is true.
    pub alive: bool,
    pub printed: String,
}

impl Run {
    pub fn end(running: Running, reply: Reply) -> Run {
        let alive = look::process_exists(running.main());
        Run { reply, alive, printed: running.end() }
    }

    /// Of a program that has ended, or doesn't come back, the next run would show no more; and the
    /// learner waits.
    pub fn is_hopeless(&self) -> bool {
        !self.alive || matches!(self.reply, Reply::Silence(_))
    }

    /// It is an error, as the kernel words it for a file that isn't there: whoever writes to one
    /// would have to make it.
    pub fn missed_a_file(&self) -> bool {
        self.alive && [Errno::EACCES, Errno::ENOENT].into_iter().any(|errno| self.reply.has_errno(errno))
    }

    /// The function returned Ok, and something is so.
    pub fn outcome(&self, claim: &'static str, holds: bool, expected: &str, observed: String) -> Outcome {
        let well = self.alive && self.reply == Reply::Ok;
        Outcome::new(claim, well && holds, expected, if well { observed } else { self.reply.in_words() })
    }

    /// The same, whatever the function returned.
    pub fn outcome_whatever(&self, claim: &'static str, holds: bool, expected: &str, observed: String) -> Outcome {
        let observed = if self.alive { observed } else { self.reply.in_words() };
        Outcome::new(claim, self.alive && holds, expected, observed)
    }

    /// The check that all exercises have: what can't be done is an error, with a word on what was
    /// being done. `is_this_one`: whether it is the run in which that was tried. Another one's
    /// error says nothing.
    pub fn refused(&self, claim: &'static str, is_this_one: bool, kept: Result<(), String>) -> Outcome {
        let told = matches!(self.reply, Reply::Error(_)) && !self.reply.is_bare_error();
        let holds = self.alive && told && kept.is_ok();
        if holds && !is_this_one {
            return Outcome::new(claim, false, "an error", "another one");
        }
        let observed = match kept {
            Err(changed) if self.alive => format!("{}; {changed}", self.reply.in_words()),
            _ => self.reply.in_words(),
        };
        Outcome::new(claim, holds, "an error with a context, and all is as it was", observed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn run(reply: Reply, alive: bool) -> Run {
        Run { reply, alive, printed: String::new() }
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        assert_eq!(field_of("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", "oom_kill"), Some(3));
        assert_eq!(field_of("max 4\n", "oom_kill"), None);
        assert_eq!(numbers("12\n7\nx\n"), [12, 7]);
    }

    #[test]
    fn an_error_without_words_or_with_consequences_is_not_enough() {
        let error = |words: &[&str]| Reply::Error(words.iter().map(ToString::to_string).collect());
        let judged = |reply, kept| run(reply, true).refused("c", true, kept).difference;
        assert_eq!(judged(error(&["mkdir", "EEXIST: x"]), Ok(())), None);
        assert!(judged(error(&["EEXIST: File exists"]), Ok(())).is_some());
        assert!(judged(Reply::Ok, Ok(())).is_some());
        let changed = judged(error(&["mkdir", "EEXIST: x"]), Err("one was made".into()));
        assert!(changed.is_some_and(|(_, saw)| saw.contains("one was made")));
        let another = run(error(&["mkdir", "EEXIST: x"]), true).refused("c", false, Ok(()));
        assert!(another.difference.is_some());
    }

    #[test]
    fn of_a_program_that_has_ended_nothing_holds() {
        assert!(run(Reply::Ok, false).outcome("c", true, "e", "o".into()).difference.is_some());
        assert_eq!(run(Reply::Ok, true).outcome("c", true, "e", "o".into()).difference, None);
    }
}
