//! A command on a real terminal, which a test types into and reads from.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result, ensure};
use nix::pty::{Winsize, openpty};
use testkit::eventually;

/// The terminal's master, and what came out of it.
pub struct Terminal {
    child: Child,
    master: File,
    shown: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Starts a command as the leader of a session on a terminal of this size.
    pub fn start(command: &Command, rows: u16, columns: u16) -> Result<Terminal> {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(&size, None).context("openpty")?;
        let slave = File::from(pty.slave);
        let mut leader = Command::new("setsid");
        leader.args(["--ctty", "--wait"]).arg(command.get_program()).args(command.get_args());
        leader.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(slave);
        let child = leader.spawn().context("start setsid")?;
        // The slave's copies are in it; ours would keep the terminal alive.
        drop(leader);
        let master = File::from(pty.master);
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (mut reader, into) = (master.try_clone()?, Arc::clone(&shown));
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // When nobody has the slave any more, reading fails with EIO.
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                into.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).extend_from_slice(&buffer[..length]);
            }
        });
        Ok(Terminal { child, master, shown })
    }

    /// Everything that was shown so far.
    pub fn screen(&self) -> String {
        let shown = self.shown.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// Waits until a text is shown.
    pub fn shows(&self, text: &str) -> Result<()> {
        eventually(&format!("the terminal shows {text:?}"), || Ok(self.screen().contains(text)))
            .with_context(|| format!("shown: {:?}", self.screen()))
    }

    /// Types.
    pub fn types(&mut self, text: &str) -> Result<()> {
        self.master.write_all(text.as_bytes()).context("type")
    }

    /// Gives it another size, as a window that is dragged.
    pub fn resize(&self, rows: u16, columns: u16) -> Result<()> {
        let mut stty = Command::new("stty");
        stty.args(["rows", &rows.to_string(), "cols", &columns.to_string()]).stdin(self.master.try_clone()?);
        ensure!(stty.status().context("start stty")?.success(), "stty failed");
        Ok(())
    }

    /// Waits for the command's end.
    pub fn ends(mut self) -> Result<(ExitStatus, String)> {
        let mut ended = None;
        eventually("the command on the terminal ends", || {
            ended = self.child.try_wait()?;
            Ok(ended.is_some())
        })
        .with_context(|| format!("shown: {:?}", self.screen()))?;
        Ok((ended.context("it has ended")?, self.screen()))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
