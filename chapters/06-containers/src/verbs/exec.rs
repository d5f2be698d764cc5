//! `exec`: one more command in a container.

use anyhow::{Result, bail};
use ch01_namespaces::explain::is_narrated;
use ch01_namespaces::{ExplainFlag, new_id};
use clap::Args;

use super::attach::DetachFlag;
use super::no_terminal;
use crate::client::{Conversation, End, has_terminal};
use crate::engine::{Engine, Running};
use crate::shim::ExecRequest;
use crate::terminal::size_of;

/// Run another command in a running container. Returns the command's exit status.
#[derive(Args)]
#[command(after_help = "Examples:\n  exec web ps\n  exec -it web sh")]
pub struct ExecVerb {
    /// Pass your standard input to the command.
    #[arg(short, long)]
    interactive: bool,
    /// Allocate a terminal.
    #[arg(short, long)]
    tty: bool,
    /// Run in the background.
    #[arg(short, long)]
    detach: bool,
    #[command(flatten)]
    keys: DetachFlag,
    #[command(flatten)]
    explain: ExplainFlag,
    /// Set an environment variable: NAME=VALUE, or NAME for the value of your variable. May be
    /// repeated.
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// The working directory [default: the container's]
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<String>,
    /// The user: USER, USER:GROUP, or numbers [default: the container's]
    #[arg(short, long, value_name = "USER[:GROUP]")]
    user: Option<String>,
    /// Give the command all capabilities.
    #[arg(long)]
    privileged: bool,
    /// The container: its name, its id, or the beginning of its id.
    container: String,
    /// The command and its arguments.
    #[arg(required = true, trailing_var_arg = true)]
    command: Vec<String>,
}

impl ExecVerb {
    /// Runs it.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        if self.tty && self.interactive && !self.detach && !has_terminal() {
            bail!(no_terminal());
        }
        engine.narrate(&self.explain)?;
        let passed_on = |entry: &String| match entry.contains('=') {
            true => Some(entry.clone()),
            false => std::env::var(entry).ok().map(|value| format!("{entry}={value}")),
        };
        let request = ExecRequest {
            id: new_id()?,
            command: self.command,
            env: self.env.iter().filter_map(passed_on).collect(),
            working_dir: self.workdir.unwrap_or_default(),
            user: self.user.unwrap_or_default(),
            tty: self.tty,
            stdin: self.interactive,
            privileged: self.privileged,
            size: if self.tty { size_of(std::io::stdout()) } else { None },
            detach_keys: None,
            explain: is_narrated(),
            early: Vec::new(),
        };
        if self.detach {
            engine.exec_detached(&self.container, request)?;
            return Ok(0);
        }
        let DetachFlag { keys } = self.keys;
        let Running { id, stream, ending } = engine.exec(&self.container, request, &keys)?;
        let resize = |columns, rows| drop(engine.resize(&self.container, Some(&id), columns, rows));
        let (is_terminal, stdin) = (self.tty, self.interactive);
        let detach_keys = &keys;
        let conversation = Conversation { stream, is_terminal, stdin, detach_keys, resize: &resize, signal: &|_| {} };
        match conversation.talk()? {
            End::Detached => Ok(0),
            End::Closed => ending(),
        }
    }
}
