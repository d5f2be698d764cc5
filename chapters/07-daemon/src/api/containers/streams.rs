//! A container's files, as an archive.

use std::io::Write;

use bytes::Bytes;
use tokio::sync::mpsc::Sender;

use crate::api::body::channel;
use crate::api::error::Answer;
use crate::api::system::blocking;
use crate::daemon::Daemon;

/// Everything that its root file system shows, flattened.
pub async fn export(daemon: Daemon, name: String) -> Answer {
    let engine = daemon.engine.clone();
    let record = blocking(move || engine.records().find(&name)).await?;
    let (sender, response) = channel("application/x-tar");
    tokio::task::spawn_blocking(move || {
        let mut out = std::io::BufWriter::with_capacity(64 * 1024, ToChannel(sender));
        if let Err(error) = daemon.engine.export(&record, &mut out).and_then(|()| Ok(out.flush()?)) {
            tracing::warn!(%error, "export");
        }
    });
    Ok(response)
}

/// A writer whose bytes go into an answer's body.
pub struct ToChannel(pub Sender<Bytes>);

impl Write for ToChannel {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let sent = self.0.blocking_send(Bytes::copy_from_slice(bytes));
        sent.map_err(|_| std::io::Error::from(std::io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
