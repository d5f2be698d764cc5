//! Mechanisms that only leave traces, a place for those traces, and faults to be had at any step.

mod ground;
mod role;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use ch01_namespaces::{Handover, Inside, Mechanism, Plan, Process, Stage, Undo};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getppid};
use serde::{Deserialize, Serialize};

pub use ground::{Ended, Ground};
pub use role::{Role, STARTER, signal_starter, wait_until_stopped};

/// Where in a mechanism's life something goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moment {
    /// In prepare, when the undo record is written and there is nothing to undo yet.
    PrepareNoted,
    Prepare,
    /// The same in attach.
    AttachNoted,
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
    /// It stands still, and somebody tells the maker to end.
    StopChild,
    /// The process that starts the container, and it is gone when the child goes on.
    KillStarter,
    /// It is stopped, so that it hears nothing more of what the child says.
    StopStarter,
    /// Whoever undoes what was prepared, once, when all that was made later is undone.
    KillUndoer,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fault<S = &'static str> {
    pub at: Moment,
    pub stage: S,
    pub how: How,
}

const STAGES: [Stage; 4] = [Stage::Identity, Stage::Mounts, Stage::System, Stage::Seal];

/// What the fakes make on the host, in this order: directories, each in the one before. Only from
/// the last to the first can they be removed.
const MADE: [(Moment, &str); 6] = [
    (Moment::Prepare, "Identity"),
    (Moment::Prepare, "Mounts"),
    (Moment::Prepare, "System"),
    (Moment::Prepare, "Seal"),
    (Moment::Attach, "Identity"),
    (Moment::Attach, "System"),
];

/// The one of them that this mechanism makes at this moment.
pub fn made(ground: &Path, moment: Moment, stage: &str) -> PathBuf {
    let last = MADE.iter().position(|made| *made == (moment, stage)).expect("it makes nothing then");
    MADE[..=last].iter().fold(ground.join("host"), |outer, (moment, stage)| outer.join(format!("{moment:?}-{stage}")))
}

/// Every step up to ready at which something can go wrong. When a mechanism of the last stage
/// enters, the container has been created: what goes wrong there is for whoever starts it.
pub fn steps() -> Vec<(Moment, &'static str)> {
    let noted = |moment| if moment == Moment::Prepare { Moment::PrepareNoted } else { Moment::AttachNoted };
    let mut steps: Vec<_> =
        MADE.iter().flat_map(|&(moment, stage)| [(noted(moment), stage), (moment, stage)]).collect();
    steps.extend(["Identity", "Mounts", "System"].map(|stage| (Moment::Enter, stage)));
    steps
}

/// A mechanism that makes a directory when it is prepared and another when it is attached, and
/// writes down that it had its turn.
struct Fake {
    stage: Stage,
    ground: PathBuf,
    faults: Vec<Fault<String>>,
}

/// One for each of four stages, in the wrong order.
pub fn in_reverse(ground: PathBuf, faults: Vec<Fault<String>>) -> Vec<Box<dyn Mechanism>> {
    let fake = |stage| Box::new(Fake { stage, ground: ground.clone(), faults: faults.clone() }) as Box<dyn Mechanism>;
    STAGES.into_iter().rev().map(fake).collect()
}

impl Fake {
    fn turn(&self, moment: Moment) -> Result<()> {
        let mut log = OpenOptions::new().append(true).create(true).open(self.ground.join("log"))?;
        writeln!(log, "{} {}", format!("{moment:?}").to_lowercase(), self.name())?;
        self.fault_at(moment)
    }

    fn fault_at(&self, moment: Moment) -> Result<()> {
        let Some(how) = self.how(moment) else { return Ok(()) };
        let maker = if moment == Moment::Enter { getppid() } else { Pid::this() };
        match how {
            How::Fail => {
                role::die_in_the_undo_if_asked(&self.ground)?;
                bail!("a fault made for the test")
            }
            How::Panic => panic!("a panic made for the test"),
            How::KillMaker => kill(maker, Signal::SIGKILL)?,
            How::KillChild => kill(Pid::this(), Signal::SIGKILL)?,
            How::StopChild => {
                kill(maker, Signal::SIGTERM)?;
                kill(Pid::this(), Signal::SIGSTOP)?;
            }
            How::KillStarter => role::signal_starter(&self.ground, Signal::SIGKILL)?,
            How::StopStarter => role::signal_starter(&self.ground, Signal::SIGSTOP)?,
            // By what prepare has left in a file.
            How::KillUndoer => {}
        }
        Ok(())
    }

    fn how(&self, moment: Moment) -> Option<How> {
        let fault = self.faults.iter().find(|fault| fault.at == moment && fault.stage == self.name())?;
        Some(fault.how)
    }

    fn made(&self, moment: Moment) -> PathBuf {
        made(&self.ground, moment, self.name())
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
        let directory = self.made(Moment::Prepare);
        plan.undo_later(Undo::RemoveDirectory(directory.clone()))?;
        self.fault_at(Moment::PrepareNoted)?;
        std::fs::create_dir(directory)?;
        if self.how(Moment::Prepare) == Some(How::KillUndoer) {
            role::kill_next_undoer(&self.ground, &self.made(Moment::Prepare))?;
        }
        self.turn(Moment::Prepare)
    }

    fn needs_host(&self) -> bool {
        matches!(self.stage, Stage::Identity | Stage::System)
    }

    fn attach(&mut self, process: &Process) -> Result<Handover> {
        let directory = self.made(Moment::Attach);
        process.undo_later(Undo::RemoveDirectory(directory.clone()))?;
        self.fault_at(Moment::AttachNoted)?;
        std::fs::create_dir(directory)?;
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
