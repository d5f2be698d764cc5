//! A check that can be given up: a `cargo wb check` of its own, which writes on our terminal.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// The check and the build that it starts, in one process group.
#[derive(Debug)]
pub struct Checking(Child);

impl Checking {
    pub fn start(top: &Path, id: &str, keys: bool) -> Result<Checking> {
        // This same program, also when it has been built anew since.
        let mut command = Command::new("/proc/self/exe");
        command.args(["check", id]).current_dir(top).stdin(Stdio::null()).process_group(0);
        if keys {
            command.env(super::VARIABLE, "1");
        }
        command.spawn().map(Checking).context("starting the check")
    }

    pub fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Checking {
    /// Ends it if it hasn't ended: asked first, so that a lab is left in order.
    fn drop(&mut self) {
        const PATIENCE: Duration = Duration::from_secs(2);
        let end = Instant::now() + PATIENCE;
        let group = Pid::from_raw(self.0.id() as i32);
        if self.has_ended() {
            return;
        }
        let _ = killpg(group, Signal::SIGTERM);
        while !self.has_ended() && Instant::now() < end {
            sleep(Duration::from_millis(5));
        }
        // Of a group whose leader has ended the number isn't given away while others are in it.
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.0.wait();
    }
}
