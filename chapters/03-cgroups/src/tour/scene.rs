//! The containers that the tour plays with.

use std::time::{Duration, Instant};
use std::{cell::Cell, fs, thread::sleep};

use anyhow::{Result, bail};
use ch01_namespaces::{Status, Store, StoreFlags, TourRun, this_program};

use crate::cgroup::Cgroup;
use crate::controller::{Controller, Version};
use crate::{v1, v2};

pub(super) struct Scene<'a> {
    flags: &'a StoreFlags,
    store: Store,
    started: Cell<usize>,
}

/// A container that runs until its stdin ends.
pub(super) struct Running {
    pub cgroup: Cgroup,
    run: TourRun,
}

impl Scene<'_> {
    pub fn new(flags: &StoreFlags) -> Result<Scene<'_>> {
        Ok(Scene { flags, store: flags.open()?, started: Cell::new(0) })
    }

    pub fn start(&self, flags: &[&str], script: &str) -> Result<Running> {
        self.started.set(self.started.get() + 1);
        let name = format!("tour-{}-{}", std::process::id(), self.started.get());
        let mut command = this_program()?;
        command.args(self.flags.as_args()).args(["run", "--name", &name]).args(flags).args(["--", "sh", "-c", script]);
        let mut run = TourRun::start(&mut command)?;
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            if let Ok((directory, state)) = self.store.find(&name)
                && state.status == Status::Running
                && let Some(cgroup) = Cgroup::read(&directory)?
            {
                return Ok(Running { cgroup, run });
            }
            run.expect_running()?;
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
        self.run.line()
    }

    /// Ends it, and waits until it is removed.
    pub fn end(mut self) -> Result<()> {
        self.run.end().map(drop)
    }
}

/// Where the kernel counts whom it killed, and what it says.
pub(super) fn oom_file(cgroup: &Cgroup) -> (&'static str, String) {
    let Some(part) = cgroup.part(Controller::Memory) else { return ("", String::new()) };
    let file = if part.version == Version::V1 { v1::memory::OOM_CONTROL } else { v2::memory::EVENTS };
    (file, fs::read_to_string(part.directory.join(file)).unwrap_or_default())
}
