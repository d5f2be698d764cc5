//! What is known of a container on disk.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::recorded_process::{Life, RecordedProcess, SeenFrom};
use crate::store::check_name;

/// Where a container is in its life: the OCI runtime specification's four, the last found out by
/// looking.
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
    /// It can't be told: the state file is damaged, or the process is numbered in a PID namespace that
    /// isn't ours.
    Unknown,
}

/// The state file, `state.json` in the container's directory.
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
    /// When that process started, in clock ticks since boot: field 22 of /proc/PID/stat. A process id
    /// is used again, the pair is not.
    pub start_time: u64,
    /// In whose numbers `pid` and `start_time` are.
    pub seen_from: SeenFrom,
    /// The PID namespace that this process is in: the inode number of its file; 0 before it exists.
    #[serde(default)]
    pub pid_namespace: u64,
    /// When the container was made, in seconds since 1970.
    pub created: u64,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// A foreground container goes with the `run` that made it.
    pub foreground: bool,
    /// The process that makes it, and holds the lock of its directory meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker: Option<RecordedProcess>,
}

const FILE: &str = "state.json";

/// A link that says the maker's process id, for who has no time to read all states.
pub(crate) const MAKER: &str = "maker";

impl State {
    /// Reads the state of the container in `directory`; `None` when there is none (yet).
    pub fn read(directory: &Path) -> Result<Option<State>> {
        let path = directory.join(FILE);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let parsed = serde_json::from_slice::<State>(&text).map_err(anyhow::Error::from);
        let state = parsed.and_then(|state| state.checked(directory));
        state.map(Some).with_context(|| format!("{} is damaged", path.display()))
    }

    /// What everybody relies on who reads it: it is this directory's, and can be shown.
    fn checked(self, directory: &Path) -> Result<State> {
        if directory.file_name() != Some(self.id.as_ref()) {
            bail!("its id is {:?}, and not the directory's name", self.id);
        }
        self.name.as_deref().map_or(Ok(()), check_name)?;
        Ok(self)
    }

    /// Writes it, to a temporary file first: who reads sees the old state or the new one, never half of
    /// one.
    pub fn write(&self, directory: &Path) -> Result<()> {
        let temporary = directory.join("state.json.new");
        let write = || {
            fs::File::create(&temporary)?.write_all(&serde_json::to_vec(self)?)?;
            fs::rename(&temporary, directory.join(FILE))
        };
        write().with_context(|| format!("cannot write the state in {}", directory.display()))
    }

    /// The first state of a new directory.
    pub(crate) fn write_first(&self, directory: &Path) -> Result<()> {
        if let Some(maker) = &self.maker {
            let link = directory.join(MAKER);
            symlink(maker.pid.to_string(), &link).with_context(|| format!("cannot make {}", link.display()))?;
        }
        self.write(directory)
    }

    /// What stands in for a state that can't be read: nothing is known but the id.
    pub fn damaged(directory: &Path) -> State {
        State {
            id: directory.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            name: None,
            status: Status::Unknown,
            pid: 0,
            start_time: 0,
            seen_from: SeenFrom::default(),
            pid_namespace: 0,
            created: 0,
            command: Vec::new(),
            foreground: false,
            maker: None,
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

    /// Its first process.
    pub fn process(&self) -> RecordedProcess {
        let (pid, start_time) = (self.pid, self.start_time);
        RecordedProcess { pid, start_time, seen_from: self.seen_from.clone() }
    }

    /// Whether the process that made the container in `directory` is seen to be gone.
    pub(crate) fn has_lost_its_maker(directory: &Path) -> bool {
        let link = fs::read_link(directory.join(MAKER)).ok();
        let pid = link.and_then(|link| link.to_str()?.parse().ok()).filter(|pid| *pid > 0);
        // Of most containers there is a process with this id, and then it is the maker.
        if pid.is_some_and(|pid| kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH)) {
            return false;
        }
        let maker = State::read(directory).ok().flatten().and_then(|state| state.maker);
        maker.is_some_and(|maker| maker.life() == Life::Gone)
    }

    /// What can be seen of the first process.
    pub fn life(&self) -> Life {
        self.process().life()
    }

    /// Whether it is seen to be alive.
    pub fn is_alive(&self) -> bool {
        self.life() == Life::Alive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_believed_only_if_it_is_its_directories_own() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("a".repeat(64));
        fs::create_dir(&directory).unwrap();
        let good = State::damaged(&directory);
        good.write(&directory).unwrap();
        assert!(State::read(&directory).unwrap().is_some());
        let odd_name = Some("\u{1b}[2J".to_string());
        for bad in [
            State { id: "abc".into(), ..good.clone() },
            State { id: "../../etc".into(), ..good.clone() },
            State { name: odd_name, ..good },
        ] {
            bad.write(&directory).unwrap();
            let error = State::read(&directory).unwrap_err();
            assert!(format!("{error:#}").contains("is damaged"), "{error:#}");
        }
    }
}
