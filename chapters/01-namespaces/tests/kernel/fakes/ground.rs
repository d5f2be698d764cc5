//! A directory with a store, a log and the fakes' host files; and the processes that work on it.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use ch01_namespaces::{State, Store};
use tempfile::TempDir;

use super::role::{Act, Role};
use super::{Fault, Moment, made};

pub struct Ground {
    directory: TempDir,
}

/// How a process of ours ended: `code` is `None` when a signal killed it.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stderr: String,
}

impl Ended {
    pub fn expect_success(self) -> Result<()> {
        ensure!(self.code == Some(0), "it ended with {:?}: {}", self.code, self.stderr);
        Ok(())
    }
}

impl Ground {
    pub fn new() -> Result<Ground> {
        let directory = TempDir::new()?;
        std::fs::create_dir(directory.path().join("host"))?;
        Ok(Ground { directory })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn made(&self, moment: Moment, stage: &str) -> PathBuf {
        made(self.directory.path(), moment, stage)
    }

    pub fn store(&self) -> Result<Store> {
        Store::open(&self.path("store"))
    }

    pub fn only_state(&self) -> Result<State> {
        let mut states = self.store()?.states()?;
        ensure!(states.len() == 1, "{} containers instead of one", states.len());
        states.pop().context("no container")
    }

    pub fn log(&self) -> Result<String> {
        std::fs::read_to_string(self.path("log")).context("no log")
    }

    pub fn create(&self, faults: impl IntoIterator<Item = Fault>, command: &[&str]) -> Result<Ended> {
        let faults = faults.into_iter().map(|Fault { at, stage, how }| Fault { at, stage: stage.to_string(), how });
        self.play(Act::Create { faults: faults.collect(), command: command.iter().map(ToString::to_string).collect() })
    }

    pub fn start(&self) -> Result<Ended> {
        self.play(Act::Start)
    }

    pub fn remove(&self) -> Result<Ended> {
        self.play(Act::Remove)
    }

    fn play(&self, act: Act) -> Result<Ended> {
        let (variable, role) = Role { ground: self.directory.path().into(), act }.variable()?;
        // stderr goes to a file: a container that is left waiting would hold a pipe open.
        let stderr = self.path("stderr");
        let status = Command::new(std::env::current_exe()?)
            .env(variable, role)
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&stderr)?)
            .status()?;
        Ok(Ended { code: status.code(), stderr: std::fs::read_to_string(stderr)? })
    }

    /// No host file and no state directory.
    pub fn is_clean(&self) -> Result<bool> {
        let is_empty = |name: &str| match std::fs::read_dir(self.path(name)) {
            Ok(entries) => entries.flatten().all(|entry| entry.file_name() == "coracle-store"),
            Err(_) => true,
        };
        Ok(is_empty("host") && is_empty("store"))
    }

    /// Nor a process that works on this ground. A child whose maker was killed takes a moment to
    /// notice.
    pub fn expect_nothing_left(&self) -> Result<()> {
        ensure!(self.is_clean()?, "left on the host: {:?}", all_below(self.directory.path().into()));
        testkit::eventually_within(Duration::from_secs(5), "no process is left", || Ok(self.processes()?.is_empty()))
    }

    /// Processes that work in this ground (a forked child does where its maker did), or whose
    /// environment names it.
    fn processes(&self) -> Result<Vec<i32>> {
        let mark = self.directory.path().to_string_lossy().into_owned();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse() else { continue };
            let environ = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            let works_here = std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&mark));
            if works_here || String::from_utf8_lossy(&environ).contains(&mark) {
                found.push(pid);
            }
        }
        Ok(found)
    }
}

fn all_below(directory: PathBuf) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(&directory).into_iter().flatten().flatten();
    entries.flat_map(|entry| [vec![entry.path()], all_below(entry.path())].concat()).collect()
}
