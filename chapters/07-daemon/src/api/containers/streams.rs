//! A container's files, as an archive.

use std::io::{BufWriter, Error, ErrorKind, Write};

use anyhow::Result;
use bytes::Bytes;
use tokio::sync::mpsc::Sender;

use crate::api::body::{Piece, fallible_channel};
use crate::api::error::Answer;
use crate::api::system::blocking;
use crate::daemon::Daemon;
use crate::daemon::changes::about;

/// Everything that its root file system shows, flattened.
pub async fn export(daemon: Daemon, name: String) -> Answer {
    let engine = daemon.engine.clone();
    let changes = daemon.changes.clone();
    let record = blocking(move || {
        let record = engine.records().find(&name)?;
        changes.tell(about(&record, "export"));
        Ok(record)
    })
    .await?;
    let (sender, response) = fallible_channel("application/x-tar");
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write_to(sender, |out| daemon.engine.export(&record, out)) {
            tracing::warn!(%error, "export");
        }
    });
    Ok(response)
}

/// Has a closure write a body. If it fails, the body is broken off, and doesn't just end.
pub fn write_to(sender: Sender<Piece>, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let mut out = BufWriter::with_capacity(64 * 1024, ToChannel(sender.clone()));
    let written = write(&mut out).and_then(|()| Ok(out.flush()?));
    // What is left in the buffer is a part of something that has no end.
    let _ = out.into_parts();
    if let Err(error) = &written {
        let _ = sender.blocking_send(Err(Error::other(format!("{error:#}"))));
    }
    written
}

/// A writer whose bytes go into a body.
struct ToChannel(Sender<Piece>);

impl Write for ToChannel {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map_err(|_| Error::from(ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
