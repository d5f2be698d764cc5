//! A log, as far as it goes or as it grows.

use std::os::fd::AsFd;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

use super::{Local, LogRequest, LogSink};
use crate::log::Entry;
use crate::record::Record;

impl Local {
    /// Writes what a container wrote, and with `follow` what it writes until it ends.
    pub fn write_log(&self, record: &Record, request: &LogRequest, out: &mut dyn LogSink) -> Result<()> {
        let mut reader = self.logs(record, request.options.clone());
        let write = |entry: Entry, out: &mut dyn LogSink| {
            let stream = if entry.stream == "stderr" { 2 } else { 1 };
            match request.timestamps {
                true => out.take(stream, format!("{} {}", entry.time, entry.log).as_bytes()),
                false => out.take(stream, entry.log.as_bytes()),
            }
        };
        if !request.follow {
            reader.history(|entry| write(entry, out))?;
            return out.flush();
        }
        // Watched first, read then: nothing that comes between is missed.
        let notify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).context("inotify")?;
        let directory = self.records.directory(&record.id);
        notify.add_watch(&directory, AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_CREATE).context("inotify")?;
        let ended = self.wait(record)?;
        reader.history(|entry| write(entry, out))?;
        let Some(ended) = ended else { return out.flush() };
        loop {
            out.flush()?;
            let has_ended = {
                let mut fds =
                    [PollFd::new(ended.as_fd(), PollFlags::POLLIN), PollFd::new(notify.as_fd(), PollFlags::POLLIN)];
                match poll(&mut fds, PollTimeout::NONE) {
                    Err(Errno::EINTR) => continue,
                    ready => ready.context("poll")?,
                };
                fds[0].any().unwrap_or(false)
            };
            let _ = notify.read_events();
            reader.news(|entry| write(entry, out))?;
            if has_ended {
                return out.flush();
            }
        }
    }
}
