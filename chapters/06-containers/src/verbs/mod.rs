//! The verbs of this chapter: each a struct of flags that knows how to act.

mod attach;
mod create;
mod exec;
mod export;
mod inspect;
mod lifecycle;
mod logs;
mod ps;
mod run;
mod settled;
mod table;
mod volume;

pub use attach::Attach;
pub use create::{Create, CreateFlags, as_our_failure};
pub use exec::ExecVerb;
pub use export::Export;
pub use inspect::{CommitVerb, DiffVerb, Inspect, PortVerb, Top};
pub use lifecycle::{Kill, Pause, Prune, Rename, Restart, Rm, Start, Stop, Unpause, Wait};
pub use logs::Logs;
pub use ps::Ps;
pub use run::Run;
pub use volume::VolumeVerb;

use std::path::Path;

use anyhow::{Context, Result};
use ch01_namespaces::{Failure, report};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::engine::Engine;

/// What a verb that talks with a container has to know of it.
pub(crate) struct Found {
    pub id: String,
    pub tty: bool,
    pub open_stdin: bool,
    pub is_active: bool,
}

impl Found {
    pub fn new(engine: &dyn Engine, name: &str) -> Result<Found> {
        let whole = engine.inspect(name)?;
        let flag = |part: &str, name: &str| whole[part][name].as_bool().unwrap_or_default();
        Ok(Found {
            id: whole["Id"].as_str().unwrap_or(name).into(),
            tty: flag("Config", "Tty"),
            open_stdin: flag("Config", "OpenStdin"),
            is_active: flag("State", "Running"),
        })
    }
}

/// Does something to many containers; one that fails doesn't keep the others.
pub(crate) fn each(names: &[String], mut act: impl FnMut(&str) -> Result<()>) -> Result<u8> {
    let failures = names.iter().filter_map(|name| act(name).err());
    Ok(failures.map(|error| report(&error).min(1)).max().unwrap_or(0))
}

/// Whether the kernel killed for memory in a container's cgroups.
pub(crate) fn oom_killed(state_directory: &Path) -> bool {
    let group = ch03_cgroups::cgroup::Cgroup::read(state_directory).ok().flatten();
    group.is_some_and(|group| ch03_cgroups::events::Events::read(&group).oom_kills > 0)
}

/// `-it` where there is no terminal.
pub(crate) fn no_terminal() -> Failure {
    Failure::new(1, "the input device is not a TTY\ncure: omit -t")
}

/// A descriptor on which signals arrive that a person means for the container.
pub(crate) fn forwarded_signals() -> Result<SignalFd> {
    let mut mask = SigSet::empty();
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGUSR1, Signal::SIGUSR2]
        .into_iter()
        .for_each(|signal| mask.add(signal));
    mask.thread_block().context("cannot block signals")?;
    SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).context("signalfd")
}

/// A signal by its number, its name, or its name without SIG.
pub fn signal_number(text: &str) -> Result<i32> {
    if let Ok(number) = text.parse::<i32>()
        && (1..=64).contains(&number)
    {
        return Ok(number);
    }
    let upper = text.to_uppercase();
    let name = if upper.starts_with("SIG") { upper } else { format!("SIG{upper}") };
    let invalid = || Failure::new(1, format!("Invalid signal: {text}"));
    if let Some(offset) = name.strip_prefix("SIGRTMIN+").and_then(|offset| offset.parse::<i32>().ok()) {
        let is_there = (0..=30).contains(&offset);
        return is_there.then(|| 34 + offset).ok_or_else(|| invalid().into());
    }
    let signal: Result<Signal, _> = name.parse();
    signal.map(|signal| signal as i32).map_err(|_| invalid().into())
}
