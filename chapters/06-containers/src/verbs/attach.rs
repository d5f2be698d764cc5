//! `attach`: a container's streams, and ours.

use std::os::unix::net::UnixStream;

use anyhow::{Context, Result, bail};
use ch01_namespaces::StoreFlags;
use clap::Args;

use crate::client::{Conversation, End};
use crate::engine::Engine;
use crate::record::Record;
use crate::shim::Request;

/// Attach to a container that runs: see its output, and give it our input. Ctrl-P Ctrl-Q leaves it
/// to itself.
#[derive(Args)]
pub struct Attach {
    /// Don't give it our input.
    #[arg(long)]
    no_stdin: bool,
    /// Whether signals that we get go to the container.
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    sig_proxy: bool,
    /// Its name, its id, or the beginning of its id.
    container: String,
}

impl Attach {
    /// Until the container ends, or the person leaves.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        let engine = Engine::open(store)?;
        let record = engine.records().find(&self.container)?;
        if !record.state.is_active() {
            bail!("You cannot attach to a stopped container, start it first");
        }
        let stdin = record.config.open_stdin && !self.no_stdin;
        let (ours, theirs) = UnixStream::pair().context("cannot make a pair of sockets")?;
        let waiting = engine.wait(&record)?;
        engine.attach(&record, theirs.into(), stdin, true, true)?;
        match converse(&engine, &record, ours, stdin, self.sig_proxy)? {
            End::Detached => Ok(0),
            End::Closed => engine.waited(waiting.as_ref(), &record.id),
        }
    }
}

/// Talks with a container over a stream that is attached.
pub(crate) fn converse(
    engine: &Engine,
    record: &Record,
    stream: UnixStream,
    stdin: bool,
    sig_proxy: bool,
) -> Result<End> {
    let resize = |columns, rows| {
        let request = Request::Resize { exec: None, columns, rows };
        // It may have ended a moment ago.
        let _ = engine.ask(record, &request, Vec::new());
    };
    let signal = |signal| {
        if sig_proxy {
            let _ = engine.ask(record, &Request::Signal { signal, is_stop: false }, Vec::new());
        }
    };
    Conversation { stream, is_terminal: record.config.tty, stdin, resize: &resize, signal: &signal }.talk()
}
