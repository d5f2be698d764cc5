//! Looking at containers, and talking with them.

use std::os::fd::OwnedFd;
use std::time::Duration;

use anyhow::{Result, bail};
use ch01_namespaces::{Failure, link::Link, new_id};
use ch04_unionfs::changes::Change;
use ch05_network::network::Endpoint;

use super::Local;
use crate::log::{LogOptions, LogReader};
use crate::record::Record;
use crate::shim::{self, Attach, ExecRequest, ExecState, Reply, Request};

/// What became of a command.
pub type ExecInspect = ExecState;

impl Local {
    /// Attaches `socket`: output goes there in Docker's frames (raw from a terminal), input comes from
    /// there.
    pub fn attach(&self, record: &Record, socket: OwnedFd, wanted: Attach) -> Result<()> {
        self.ask(record, &Request::Attach(wanted), vec![socket]).map(drop)
    }

    /// Writes everything that a container's root file system shows as one archive.
    pub fn export(&self, record: &Record, out: impl std::io::Write) -> Result<()> {
        self.layers()?.export_container(&record.id, out)
    }

    /// A connection that can be read when the container has ended for good: then [`Local::waited`]
    /// knows its status.
    pub fn wait(&self, record: &Record) -> Result<Option<Link>> {
        if !record.state.is_active() {
            return Ok(None);
        }
        let asked = shim::connect(self.flags.state_root(), &record.id)
            .and_then(|link| link.send(&Request::Wait, &[]).map(|()| link));
        // Or it ended a moment ago.
        Ok(asked.ok())
    }

    /// The same for a container that stands at its start gate.
    pub fn wait_for_end(&self, record: &Record) -> Result<Link> {
        let link = shim::connect(self.flags.state_root(), &record.id)?;
        link.send(&Request::Wait, &[]).map(|()| link)
    }

    /// The status that came over a connection of [`Local::wait`].
    pub fn waited(&self, link: Option<&Link>, id: &str) -> Result<u8> {
        if let Some(link) = link
            && let Ok(Some((Reply::Ended { code }, _))) = link.receive::<Reply>()
        {
            return Ok(code);
        }
        // The end came before we asked, and is about to be written down; or the shim was killed, and is a
        // process for a moment still.
        for _ in 0..500 {
            match self.records.find(id) {
                Ok(record) if record.state.is_active() => std::thread::sleep(Duration::from_millis(10)),
                Ok(record) => return Ok(record.state.exit_code),
                Err(_) => break,
            }
        }
        Ok(137)
    }

    /// Reads a container's log.
    pub fn logs(&self, record: &Record, options: LogOptions) -> LogReader {
        LogReader::open(&self.records.log_file(&record.id), options)
    }

    /// Runs one more command in a container; `socket` is attached to it.
    pub fn exec(&self, record: &Record, mut request: ExecRequest, socket: Option<OwnedFd>) -> Result<String> {
        if !record.state.is_active() {
            bail!(Failure::new(1, format!("Container {} is not running", record.id)));
        }
        if record.state.status == crate::record::Status::Paused {
            bail!(Failure::new(1, format!("Container {} is paused, unpause the container before exec", record.name)));
        }
        if request.id.is_empty() {
            request.id = new_id()?;
        }
        let id = request.id.clone();
        self.ask(record, &Request::Exec(request), socket.into_iter().collect())?;
        Ok(id)
    }

    /// Waits for a command's end.
    pub fn exec_wait(&self, record: &Record, exec: &str) -> Result<u8> {
        match self.ask(record, &Request::ExecWait(exec.into()), Vec::new()) {
            Ok(Reply::Exec(ExecState { exit_code: Some(code), .. })) => Ok(code),
            Ok(other) => bail!("internal error: unexpected message from the container's shim: {other:?}"),
            // The container has ended, and the command with it.
            Err(_) => Ok(137),
        }
    }

    /// What became of a command.
    pub fn exec_state(&self, record: &Record, exec: &str) -> Result<ExecState> {
        match self.ask(record, &Request::ExecState(exec.into()), Vec::new())? {
            Reply::Exec(state) => Ok(state),
            other => bail!("internal error: unexpected message from the container's shim: {other:?}"),
        }
    }

    /// What a container changed in its image.
    pub fn changes(&self, record: &Record) -> Result<Vec<Change>> {
        let layers = self.layers()?;
        let known = layers.container(&record.id)?;
        let below: Vec<_> = layers.stack(&known.image)?.into_iter().map(|layer| layer.cache_id).collect();
        layers.driver().changes(&known.mount_id, &below)
    }

    /// A container's place on a network, while it lives.
    pub fn endpoint(&self, record: &Record) -> Option<Endpoint> {
        Endpoint::read(&self.flags.state_root().join(&record.id))
    }
}
