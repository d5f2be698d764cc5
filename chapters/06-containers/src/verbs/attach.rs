//! `attach`: a container's streams, and ours.

use anyhow::{Result, bail};
use ch01_namespaces::Failure;
use clap::Args;

use super::Found;
use crate::client::{Conversation, End};
use crate::detach_keys::DetachKeys;
use crate::engine::{Engine, Running};

/// How a person leaves.
#[derive(Args, Debug, Clone, Default)]
pub struct DetachFlag {
    /// The keys that detach you from a terminal and leave the command running, such as ctrl-x,d
    /// [default: ctrl-p,ctrl-q]
    #[arg(long = "detach-keys", value_name = "KEYS", default_value_t, hide_default_value = true)]
    pub keys: DetachKeys,
}

/// Attach to a running container: show its output, and pass your input to it. Ctrl-P Ctrl-Q
/// detaches from a terminal.
#[derive(Args)]
pub struct Attach {
    /// Don't pass your input to the container.
    #[arg(long)]
    no_stdin: bool,
    #[command(flatten)]
    keys: DetachFlag,
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
            bail!(Failure::new(1, "You cannot attach to a stopped container, start it first"));
        }
        let stdin = container.open_stdin && !self.no_stdin;
        let DetachFlag { keys } = self.keys;
        let running = engine.attach(&container.id, stdin, &keys)?;
        let how = How { is_terminal: container.tty, stdin, keys, sig_proxy: self.sig_proxy };
        converse(engine, running, &how)
    }
}

/// How to talk with a container.
pub(crate) struct How {
    pub is_terminal: bool,
    pub stdin: bool,
    pub keys: DetachKeys,
    pub sig_proxy: bool,
}

/// Talks with a container to its end, or until the person leaves. Gives its exit status.
pub(crate) fn converse(engine: &dyn Engine, with: Running<'_>, how: &How) -> Result<u8> {
    let Running { id, stream, ending } = with;
    // It may have ended a moment ago.
    let resize = |columns, rows| drop(engine.resize(&id, None, columns, rows));
    let signal = |signal| {
        if how.sig_proxy {
            let _ = engine.kill(&id, signal);
        }
    };
    let (is_terminal, stdin, detach_keys) = (how.is_terminal, how.stdin, &how.keys);
    let conversation = Conversation { stream, is_terminal, stdin, detach_keys, resize: &resize, signal: &signal };
    match conversation.talk()? {
        End::Detached => Ok(0),
        End::Closed => ending(),
    }
}
