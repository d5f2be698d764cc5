//! What this test program does when it is started again by one of its own tests.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use ch01_namespaces::{Container, Failure, Spec, Store, remove, start};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use super::{Fault, in_reverse};

/// Crosses to the new process in an environment variable.
const VARIABLE: &str = "CORACLE_TEST_ROLE";

/// Where the process that starts the container leaves its id.
pub const STARTER: &str = "starter";

/// Where the directory is named at whose removal an undo is killed.
const KILL_UNDOER: &str = "kill-undoer";

#[derive(Debug, Serialize, Deserialize)]
pub enum Act {
    Create { faults: Vec<Fault<String>>, command: Vec<String> },
    Start,
    Remove,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Role {
    pub ground: std::path::PathBuf,
    pub act: Act,
}

impl Role {
    pub fn asked_for() -> Option<Role> {
        serde_json::from_str(&std::env::var(VARIABLE).ok()?).ok()
    }

    pub fn variable(&self) -> Result<(&'static str, String)> {
        Ok((VARIABLE, serde_json::to_string(self)?))
    }

    pub fn play(self) -> ExitCode {
        match self.act() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let failure = Failure::from_error(&error);
                eprintln!("{failure}");
                ExitCode::from(failure.exit_code)
            }
        }
    }

    fn act(self) -> Result<()> {
        let store = Store::open(&self.ground.join("store"))?;
        match self.act {
            Act::Create { faults, command } => {
                die_in_the_undo_if_asked(&self.ground)?;
                let spec = Spec {
                    id: None,
                    name: Some("fake".into()),
                    command: command.into_iter().map(Into::into).collect(),
                    env: std::env::vars_os().collect(),
                    init: false,
                    foreground: false,
                };
                Container::create(&store, spec, in_reverse(self.ground, faults))?.leave();
                Ok(())
            }
            Act::Start => {
                std::fs::write(self.ground.join(STARTER), std::process::id().to_string())?;
                start(&store, "fake")
            }
            Act::Remove => {
                die_in_the_undo_if_asked(&self.ground)?;
                remove(&store, "fake", false)
            }
        }
    }
}

/// Sends SIGKILL or SIGSTOP to the starter, and waits until that has worked.
pub fn signal_starter(ground: &Path, signal: Signal) -> Result<()> {
    let starter: i32 = std::fs::read_to_string(ground.join(STARTER))?.parse()?;
    kill(Pid::from_raw(starter), signal)?;
    testkit::eventually("the starter is stopped or gone", || {
        Ok(state_of(starter).is_none_or(|state| state == 'Z' || state == 'T' && signal == Signal::SIGSTOP))
    })
}

/// Waits until a starter has said who it is, and is stopped.
pub fn wait_until_stopped(starter: &Path) -> Result<()> {
    testkit::eventually("the starter is stopped", || {
        let pid = std::fs::read_to_string(starter).ok().and_then(|pid| pid.parse().ok());
        Ok(pid.and_then(state_of) == Some('T'))
    })
}

/// `R`, `S`, `T`, `Z` …, as proc_pid_status(5) has it.
fn state_of(pid: i32) -> Option<char> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("State:\t"))?.chars().next()
}

/// Has the next process that undoes killed when it has removed what is in `directory`, and before
/// it removes `directory`; the process after that is spared.
pub fn kill_next_undoer(ground: &Path, directory: &Path) -> Result<()> {
    Ok(std::fs::write(ground.join(KILL_UNDOER), directory.to_string_lossy().as_bytes())?)
}

/// For a process that is about to undo: see [`kill_next_undoer`].
pub fn die_in_the_undo_if_asked(ground: &Path) -> Result<()> {
    let asked = ground.join(KILL_UNDOER);
    let Ok(directory) = std::fs::read_to_string(&asked) else { return Ok(()) };
    std::fs::remove_file(asked)?;
    testkit::die_at_next_removal_in(Path::new(&directory))
}
