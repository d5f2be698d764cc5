//! Waiting for a descriptor without a thread.

use std::os::fd::OwnedFd;

use anyhow::{Context, Result};
use tokio::io::Interest;
use tokio::net::UnixStream;

/// A descriptor that the runtime watches: a shim's connection, an inotify instance. (tokio's type
/// for stream sockets looks at no type; reading and writing are left to the descriptor's owner.)
pub struct Readable(UnixStream);

impl Readable {
    /// Watches it. It becomes non-blocking.
    pub fn watch(fd: OwnedFd) -> Result<Readable> {
        let stream = std::os::unix::net::UnixStream::from(fd);
        stream.set_nonblocking(true).context("cannot set a descriptor's mode")?;
        Ok(Readable(UnixStream::from_std(stream).context("cannot watch a descriptor")?))
    }

    /// Until there is something to read, or the other end is gone.
    pub async fn wait(&self) {
        let _ = self.0.readable().await;
    }

    /// Reads by `read`, after which [`wait`](Readable::wait) waits again.
    pub fn take(&self, read: impl FnOnce()) {
        let _ = self.0.try_io(Interest::READABLE, || {
            read();
            Err::<(), _>(std::io::ErrorKind::WouldBlock.into())
        });
    }

    /// The descriptor, as it was.
    pub fn into_fd(self) -> Result<OwnedFd> {
        let stream = self.0.into_std().context("cannot take a descriptor")?;
        stream.set_nonblocking(false).context("cannot set a descriptor's mode")?;
        Ok(stream.into())
    }
}
