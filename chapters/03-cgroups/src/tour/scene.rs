//! The containers that the tour plays with.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use std::{cell::Cell, fs, thread::sleep};

use anyhow::{Context, Result, bail};
use ch01_namespaces::{Failure, Status, Store, StoreFlags};

use crate::cgroup::Cgroup;
use crate::controller::{Controller, Version};
use crate::{v1, v2};

pub(super) struct Scene<'a> {
    flags: &'a StoreFlags,
    store: Store,
    me: PathBuf,
    started: Cell<usize>,
}

/// A container that runs until its stdin ends.
pub(super) struct Running {
    pub cgroup: Cgroup,
    run: Child,
    stdout: BufReader<ChildStdout>,
}

impl Scene<'_> {
    pub fn new(flags: &StoreFlags) -> Result<Scene<'_>> {
        let me = std::env::current_exe().context("cannot find this program's own file")?;
        Ok(Scene { flags, store: flags.open()?, me, started: Cell::new(0) })
    }

    /// Our own `run`: the tour shows what everybody can do.
    pub fn start(&self, flags: &[&str], script: &str) -> Result<Running> {
        self.started.set(self.started.get() + 1);
        let name = format!("tour-{}-{}", std::process::id(), self.started.get());
        let mut run = Command::new(&self.me)
            .args(self.flags.as_args())
            .args(["run", "--name", &name])
            .args(flags)
            .args(["--", "sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start this program again")?;
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            if let Ok((directory, state)) = self.store.find(&name)
                && state.status == Status::Running
                && let Some(cgroup) = Cgroup::read(&directory)?
            {
                let stdout = BufReader::new(run.stdout.take().context("no stdout")?);
                return Ok(Running { cgroup, run, stdout });
            }
            if let Some(status) = run.try_wait()? {
                let mut message = String::new();
                run.stderr.take().context("no stderr")?.read_to_string(&mut message)?;
                let message = message.trim().trim_start_matches("ch03-cgroups: ").to_string();
                let code = status.code().unwrap_or(125) as u8;
                bail!(Failure::new(code, format!("no container can be made here, so the tour ends early:\n{message}")));
            }
            if Instant::now() > end {
                bail!("the container did not start in 60 s");
            }
            sleep(Duration::from_millis(2));
        }
    }
}

impl Running {
    /// The next line that it prints.
    pub fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        Ok(line.trim().to_string())
    }

    /// Ends it, and waits until it is removed. (When the tour is interrupted, its stdin ends as well.)
    pub fn end(mut self) -> Result<()> {
        drop(self.run.stdin.take());
        self.run.wait()?;
        Ok(())
    }
}

/// Where the kernel counts whom it killed, and what it says.
pub(super) fn oom_file(cgroup: &Cgroup) -> (&'static str, String) {
    let Some(part) = cgroup.part(Controller::Memory) else { return ("", String::new()) };
    let file = if part.version == Version::V1 { v1::memory::OOM_CONTROL } else { v2::memory::EVENTS };
    (file, fs::read_to_string(part.directory.join(file)).unwrap_or_default())
}
