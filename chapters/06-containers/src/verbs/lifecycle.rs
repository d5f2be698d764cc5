//! Verbs that change a container's state.

use anyhow::{Result, ensure};
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use ch01_namespaces::{ExplainFlag, say};
use clap::Args;

use super::attach::{DetachFlag, How, converse};
use super::{Found, each, signal_number};
use crate::engine::Engine;

/// Start containers that are created or have ended.
#[derive(Args)]
pub struct Start {
    /// Attach to the container, and return its exit status.
    #[arg(short, long)]
    attach: bool,
    /// Pass your standard input to the command.
    #[arg(short, long)]
    interactive: bool,
    #[command(flatten)]
    keys: DetachFlag,
    #[command(flatten)]
    explain: ExplainFlag,
    /// Start the containers that should run after a reboot: those with the restart policy always or
    /// unless-stopped.
    #[arg(long, conflicts_with = "containers")]
    restart_policy: bool,
    /// Containers: names, ids, or beginnings of ids.
    #[arg(required_unless_present = "restart_policy")]
    containers: Vec<String>,
}

impl Start {
    /// Starts them.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        engine.narrate(&self.explain)?;
        if self.restart_policy {
            let due = engine.due_after_a_reboot()?;
            return each(&due, |name| engine.start(name));
        }
        if self.attach || self.interactive {
            ensure!(self.containers.len() == 1, "cannot start and attach multiple containers at once");
            return start_attached(engine, &self.containers[0], self.interactive, self.keys);
        }
        each(&self.containers, |name| {
            engine.start(name)?;
            say!("{name}");
            Ok(())
        })
    }
}

fn start_attached(engine: &dyn Engine, name: &str, interactive: bool, flag: DetachFlag) -> Result<u8> {
    let container = Found::new(engine, name)?;
    let stdin = interactive && container.open_stdin;
    let DetachFlag { keys } = flag;
    let running = engine.start_attached(&container.id, stdin, &keys)?;
    converse(engine, running, &How { is_terminal: container.tty, stdin, keys, sig_proxy: true })
}

/// Stop containers: send a signal, wait, then kill.
#[derive(Args)]
pub struct Stop {
    /// Seconds until the container is killed; -1 for never [default: the container's own setting, or
    /// 10]
    #[arg(short, long, visible_alias = "timeout", value_name = "SECONDS", allow_hyphen_values = true)]
    time: Option<i64>,
    /// The signal [default: the container's own setting, or SIGTERM]
    #[arg(short, long, value_name = "SIGNAL")]
    signal: Option<String>,
    /// Containers: names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Stop {
    /// Stops them.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        each(&self.containers, |name| {
            engine.stop(name, self.time, self.signal.as_deref())?;
            say!("{name}");
            Ok(())
        })
    }
}

/// Stop containers and start them again.
#[derive(Args)]
pub struct Restart {
    /// Seconds until the container is killed [default: the container's own setting]
    #[arg(short, long, visible_alias = "timeout", value_name = "SECONDS", allow_hyphen_values = true)]
    time: Option<i64>,
    /// Containers: names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Restart {
    /// Restarts them.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        each(&self.containers, |name| {
            engine.restart(name, self.time)?;
            say!("{name}");
            Ok(())
        })
    }
}

/// Send a signal to the first process of containers.
#[derive(Args)]
pub struct Kill {
    /// The signal, by name or number.
    #[arg(short, long, value_name = "SIGNAL", default_value = "SIGKILL")]
    signal: String,
    /// Containers: names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Kill {
    /// Sends it.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        let signal = signal_number(&self.signal)?;
        each(&self.containers, |name| {
            engine.kill(name, signal)?;
            say!("{name}");
            Ok(())
        })
    }
}

/// Wait until containers have ended, and print their exit statuses.
#[derive(Args)]
pub struct Wait {
    /// Containers: names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Wait {
    /// Waits.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        each(&self.containers, |name| {
            say!("{}", engine.wait(name)?()?);
            Ok(())
        })
    }
}

/// Freeze all processes of containers.
#[derive(Args)]
pub struct Pause {
    /// Containers: names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

/// Thaw paused containers.
#[derive(Args)]
pub struct Unpause {
    /// Containers: names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Pause {
    /// Halts them.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        set_paused(engine, &self.containers, true)
    }
}

impl Unpause {
    /// Lets them go on.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        set_paused(engine, &self.containers, false)
    }
}

fn set_paused(engine: &dyn Engine, containers: &[String], paused: bool) -> Result<u8> {
    each(containers, |name| {
        engine.pause(name, paused)?;
        say!("{name}");
        Ok(())
    })
}

/// Rename a container.
#[derive(Args)]
pub struct Rename {
    /// The container: its name, its id, or the beginning of its id.
    container: String,
    /// The new name.
    new_name: String,
}

impl Rename {
    /// Renames it.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        engine.rename(&self.container, &self.new_name).map(|()| 0)
    }
}

/// Remove containers, with their layers and logs.
#[derive(Args)]
pub struct Rm {
    /// Kill the container first if it runs.
    #[arg(short, long)]
    force: bool,
    /// Also remove anonymous volumes.
    #[arg(short, long)]
    volumes: bool,
    /// Containers: names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Rm {
    /// Removes them.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        each(&self.containers, |name| {
            engine.remove(name, self.force, self.volumes)?;
            say!("{name}");
            Ok(())
        })
    }
}

/// Remove all containers that have ended.
#[derive(Args)]
pub struct Prune {
    /// Don't ask for confirmation.
    #[arg(short, long)]
    force: bool,
}

impl Prune {
    /// Removes them.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        if !self.force {
            anyhow::bail!("this removes all containers that don't run\ncure: if that is what you want, add --force");
        }
        for id in engine.prune()? {
            say!("{id}");
        }
        Ok(0)
    }
}
