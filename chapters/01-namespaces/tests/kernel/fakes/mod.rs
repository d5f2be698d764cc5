//! Mechanisms that only leave traces, a place for those traces, and faults to be had at any step.

mod ground;
mod role;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use ch01_namespaces::{Handover, Inside, Mechanism, Plan, Process, Stage, Undo};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getppid};
use serde::{Deserialize, Serialize};

pub use ground::Ground;
pub use role::Role;

/// Where in a mechanism's life something goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moment {
    Prepare,
    Attach,
    Enter,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum How {
    Fail,
    Panic,
    KillMaker,
    KillChild,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fault<S = &'static str> {
    pub at: Moment,
    pub stage: S,
    pub how: How,
}

const STAGES: [Stage; 4] = [Stage::Identity, Stage::Mounts, Stage::System, Stage::Seal];

/// Every step up to ready at which something can go wrong.
pub fn steps() -> Vec<(Moment, &'static str)> {
    let mut steps = vec![(Moment::Prepare, "Seal")];
    for stage in ["Identity", "Mounts", "System"] {
        steps.extend([(Moment::Prepare, stage), (Moment::Enter, stage)]);
    }
    steps.extend([(Moment::Attach, "Identity"), (Moment::Attach, "System")]);
    steps
}

/// A mechanism that makes a file when it is prepared and another when it is attached, and writes down that it had its turn.
struct Fake {
    stage: Stage,
    ground: PathBuf,
    fault: Option<Fault<String>>,
}

/// One for each of four stages, in the wrong order.
pub fn in_reverse(ground: PathBuf, fault: Option<Fault<String>>) -> Vec<Box<dyn Mechanism>> {
    let fake = |stage| Box::new(Fake { stage, ground: ground.clone(), fault: fault.clone() }) as Box<dyn Mechanism>;
    STAGES.into_iter().rev().map(fake).collect()
}

impl Fake {
    fn turn(&self, moment: Moment) -> Result<()> {
        let stage = format!("{:?}", self.stage);
        let mut log = OpenOptions::new().append(true).create(true).open(self.ground.join("log"))?;
        writeln!(log, "{} {stage}", format!("{moment:?}").to_lowercase())?;
        let Some(fault) = self.fault.as_ref().filter(|fault| fault.at == moment && fault.stage == stage) else {
            return Ok(());
        };
        let maker = if moment == Moment::Enter { getppid() } else { Pid::this() };
        match fault.how {
            How::Fail => bail!("a fault made for the test"),
            How::Panic => panic!("a panic made for the test"),
            How::KillMaker => kill(maker, Signal::SIGKILL)?,
            How::KillChild => kill(Pid::this(), Signal::SIGKILL)?,
        }
        Ok(())
    }

    fn resource(&self, moment: &str) -> PathBuf {
        self.ground.join("host").join(format!("{moment}-{:?}", self.stage))
    }
}

impl Mechanism for Fake {
    fn name(&self) -> &'static str {
        match self.stage {
            Stage::Identity => "Identity",
            Stage::Mounts => "Mounts",
            Stage::System => "System",
            _ => "Seal",
        }
    }

    fn stage(&self) -> Stage {
        self.stage
    }

    fn prepare(&mut self, plan: &mut Plan) -> Result<()> {
        let file = self.resource("prepared");
        plan.undo_later(Undo::RemoveFile(file.clone()))?;
        std::fs::write(file, "")?;
        self.turn(Moment::Prepare)
    }

    fn needs_host(&self) -> bool {
        matches!(self.stage, Stage::Identity | Stage::System)
    }

    fn attach(&mut self, process: &Process) -> Result<Handover> {
        let folder = self.resource("attached");
        process.undo_later(Undo::RemoveFolder(folder.clone()))?;
        std::fs::create_dir(folder)?;
        self.turn(Moment::Attach)?;
        let file = std::fs::File::open(self.ground.join("log"))?;
        Ok(Handover { bytes: self.name().into(), fds: vec![file.into()] })
    }

    fn enter(&self, from_host: Handover, _: &mut Inside) -> Result<()> {
        if self.needs_host() {
            ensure!(from_host.bytes == self.name().as_bytes() && from_host.fds.len() == 1, "the handover got lost");
        }
        self.turn(Moment::Enter)
    }
}
