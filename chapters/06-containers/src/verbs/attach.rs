//! `attach`: a container's streams, and ours.

use anyhow::{Result, bail};
use clap::Args;

use super::Found;
use crate::client::{Conversation, End};
use crate::engine::{Engine, Running};

/// Attach to a running container: show its output, and pass your input to it. Ctrl-P Ctrl-Q
/// detaches.
#[derive(Args)]
pub struct Attach {
    /// Don't pass your input to the container.
    #[arg(long)]
    no_stdin: bool,
    /// Whether to forward signals to the container.
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    sig_proxy: bool,
    /// The container: its name, its id, or the beginning of its id.
    container: String,
}

impl Attach {
    /// Until the container ends, or the person leaves.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        let container = Found::new(engine, &self.container)?;
        if !container.is_active {
            bail!("You cannot attach to a stopped container, start it first");
        }
        let stdin = container.open_stdin && !self.no_stdin;
        let running = engine.attach(&container.id, stdin)?;
        converse(engine, running, container.tty, stdin, self.sig_proxy)
    }
}

/// Talks with a container to its end, or until the person leaves. Gives its exit status.
pub(crate) fn converse(engine: &dyn Engine, with: Running<'_>, tty: bool, stdin: bool, sig_proxy: bool) -> Result<u8> {
    let Running { id, stream, ending } = with;
    // It may have ended a moment ago.
    let resize = |columns, rows| drop(engine.resize(&id, None, columns, rows));
    let signal = |signal| {
        if sig_proxy {
            let _ = engine.kill(&id, signal);
        }
    };
    match (Conversation { stream, is_terminal: tty, stdin, resize: &resize, signal: &signal }).talk()? {
        End::Detached => Ok(0),
        End::Closed => ending(),
    }
}
