//! What is known of a container on disk.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// Where a container is in its life: the OCI runtime specification's four, the last found out by looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is being made. Without a living maker it is debris.
    Creating,
    /// It waits at its start gate.
    Created,
    /// Its command has been started.
    Running,
    /// Its process is gone.
    Stopped,
    /// It can't be told: the state file is damaged, or the process is numbered in a PID namespace that isn't ours.
    Unknown,
}

/// What can be seen of a container's first process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It is there.
    Alive,
    /// It has ended, or was never made.
    Gone,
    /// Its number and start time mean something only in the namespaces of its maker, which aren't ours.
    OutOfSight,
}

/// The namespaces in which a pid and a start time mean something: inode numbers of the reader's PID and time namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SeenFrom {
    pid_namespace: u64,
    time_namespace: u64,
}

impl SeenFrom {
    /// From where this process looks.
    pub fn here() -> SeenFrom {
        let inode = |kind| fs::metadata(format!("/proc/self/ns/{kind}")).map_or(0, |meta| meta.ino());
        SeenFrom { pid_namespace: inode("pid"), time_namespace: inode("time") }
    }
}

/// The state file, `state.json` in the container's folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// 64 hexadecimal digits.
    pub id: String,
    /// A name of the user's choice.
    pub name: Option<String>,
    /// As far as the file knows: see [`State::status_now`].
    pub status: Status,
    /// The container's first process, as the host counts; 0 before it exists.
    pub pid: i32,
    /// When that process started, in clock ticks since boot: field 22 of /proc/PID/stat. A process id is used again, the
    /// pair is not.
    pub start_time: u64,
    /// In whose numbers `pid` and `start_time` are.
    pub seen_from: SeenFrom,
    /// When the container was made, in seconds since 1970.
    pub created: u64,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// A foreground container goes with the `run` that made it.
    pub foreground: bool,
}

const FILE: &str = "state.json";

impl State {
    /// Reads the state of the container in `folder`; `None` when there is none (yet).
    pub fn read(folder: &Path) -> Result<Option<State>> {
        let path = folder.join(FILE);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let state = serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display()))?;
        Ok(Some(state))
    }

    /// Writes it, to a temporary file first: who reads sees the old state or the new one, never half of one.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let temporary = folder.join("state.json.new");
        let write = || {
            fs::File::create(&temporary)?.write_all(&serde_json::to_vec(self)?)?;
            fs::rename(&temporary, folder.join(FILE))
        };
        write().with_context(|| format!("cannot write the state in {}", folder.display()))
    }

    /// What stands in for a state that can't be read: nothing is known but the id.
    pub fn damaged(folder: &Path) -> State {
        State {
            id: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            name: None,
            status: Status::Unknown,
            pid: 0,
            start_time: 0,
            seen_from: SeenFrom::default(),
            created: 0,
            command: Vec::new(),
            foreground: false,
        }
    }

    /// The status, with a look at whether the process is still there.
    pub fn status_now(&self) -> Status {
        match (self.status, self.life()) {
            (Status::Created | Status::Running, Life::Gone) => Status::Stopped,
            (Status::Created | Status::Running, Life::OutOfSight) => Status::Unknown,
            (other, _) => other,
        }
    }

    /// Whether the first process is alive: there, not a zombie, and the same one.
    pub fn life(&self) -> Life {
        if self.pid == 0 {
            return Life::Gone;
        }
        if self.seen_from != SeenFrom::here() {
            return Life::OutOfSight;
        }
        match start_time(Pid::from_raw(self.pid)) {
            Some(start) if start == self.start_time => Life::Alive,
            _ => Life::Gone,
        }
    }

    /// Whether it is seen to be alive.
    pub fn is_alive(&self) -> bool {
        self.life() == Life::Alive
    }
}

/// When a process started, in clock ticks since boot; `None` when it is gone or only waits to be reaped.
pub fn start_time(pid: Pid) -> Option<u64> {
    start_time_in(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Field 22 of a /proc/PID/stat line, unless field 3 says that it is a zombie (Z) or dead (X): proc_pid_stat(5).
fn start_time_in(stat: &str) -> Option<u64> {
    // The second field is the program's name in parentheses and may itself contain anything, parentheses too.
    let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace();
    match fields.next()? {
        "Z" | "X" => None,
        _ => fields.nth(18)?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "7 (a) S (b) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4242 1 1 1";

    #[test]
    fn the_start_time_is_found_behind_a_name_with_parentheses() {
        assert_eq!(start_time_in(STAT), Some(4242));
    }

    #[test]
    fn a_zombie_is_not_alive() {
        assert_eq!(start_time_in(&STAT.replace("(b) S", "(b) Z")), None);
    }

    #[test]
    fn a_process_with_another_start_time_is_another_process() {
        let me = Pid::this();
        let mut state = State {
            id: "1".into(),
            name: None,
            status: Status::Running,
            pid: me.as_raw(),
            start_time: start_time(me).unwrap(),
            seen_from: SeenFrom::here(),
            created: 0,
            command: vec![],
            foreground: false,
        };
        assert_eq!(state.status_now(), Status::Running);
        state.start_time -= 1;
        assert_eq!(state.status_now(), Status::Stopped);
        // Elsewhere the same numbers mean something else.
        state.seen_from.pid_namespace += 1;
        assert_eq!(state.status_now(), Status::Unknown);
    }
}
