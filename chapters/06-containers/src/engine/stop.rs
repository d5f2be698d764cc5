//! Ending a container.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use ch01_namespaces::Failure;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;

use super::Local;
use crate::record::Status;
use crate::shim::is_silent;
use crate::verbs::signal_number;

const SIGTERM: i32 = Signal::SIGTERM as i32;

impl Local {
    /// Sends a signal that somebody chose. SIGKILL ends it, and its end is waited for: `kill` and `rm`,
    /// one after the other, is what people type.
    pub fn signal(&self, name: &str, signal: i32) -> Result<()> {
        if signal != Signal::SIGKILL as i32 {
            return self.kill(name, signal, false);
        }
        let record = self.records().find(name)?;
        if !record.state.is_active() {
            bail!(Failure::new(1, format!("Container {} is not running", record.name)));
        }
        self.stop(&record.id, Some(10), Some("SIGKILL"))
    }

    // ANCHOR: stop
    /// Sends a container its stop signal, and kills it if it doesn't end in time. (The kernel discards
    /// the signal if PID 1 has no handler for it.)
    pub fn stop(&self, name: &str, seconds: Option<i64>, signal: Option<&str>) -> Result<()> {
        let record = self.records().find(name)?;
        if !record.state.is_active() {
            return Ok(());
        }
        if record.state.status == Status::Paused {
            self.pause(&record.id, false)?;
        }
        let own = if record.config.stop_signal.is_empty() { "SIGTERM" } else { &record.config.stop_signal };
        // An image says which signal it wants. What is none is no reason not to stop it.
        let number = signal.map_or_else(|| Ok(signal_number(own).unwrap_or(SIGTERM)), signal_number)?;
        let waiting = self.wait(&record)?;
        if let Err(error) = self.kill(&record.id, number, true) {
            // Its end would not be seen, either.
            if is_silent(&error) {
                return Err(error);
            }
            // It may have just ended, or been stopped by another command.
            self.waited(waiting.as_ref(), &record.id)?;
            let is_there = self.records().find(&record.id).is_ok_and(|record| record.state.is_active());
            return if is_there { Err(error) } else { Ok(()) };
        }
        let seconds = seconds.or(record.config.stop_timeout.map(i64::from)).unwrap_or(10);
        if let Some(link) = &waiting {
            // Longer than anybody waits, and a time that there is.
            let end = Instant::now() + Duration::from_secs(seconds.clamp(0, i64::from(u32::MAX)) as u64);
            while seconds < 0 || Instant::now() < end {
                let mut ended = [PollFd::new(link.as_fd(), PollFlags::POLLIN)];
                let left = end.saturating_duration_since(Instant::now()).min(Duration::from_secs(30));
                let left = if seconds < 0 { PollTimeout::from(30_000u16) } else { PollTimeout::try_from(left)? };
                if poll(&mut ended, left).unwrap_or(0) > 0 {
                    self.waited(waiting.as_ref(), &record.id)?;
                    return Ok(());
                }
            }
            // It may have just ended.
            let _ = self.kill(&record.id, 9, true);
        }
        self.waited(waiting.as_ref(), &record.id).map(drop)
    }
    // ANCHOR_END: stop
}
