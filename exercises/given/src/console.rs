//! A terminal of the container's own, for `-t`.

use std::fs::File;
use std::io::{Read, Write, stdin, stdout};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread::spawn;

use anyhow::{Context, Result};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::openpty;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout, setsid};

use crate::pass_on::{pass_on, take};
use crate::stand_in::{block_passed_on, pass_signals_to};
use crate::{beside, end, sys, wait};

/// The way by which a container's terminal comes out, and the process to which it comes: the pump.
#[derive(Debug)]
pub struct Console {
    inside: UnixStream,
    pump: Pid,
}

impl Console {
    /// Before the container's process is made: later our children are born in its PID namespace.
    pub fn new() -> Result<Console> {
        block_passed_on()?;
        let (outside, inside) = UnixStream::pair().context("a pair of sockets, for the container's terminal")?;
        let mut inside = Some(inside);
        let pump = beside(|| {
            drop(inside.take());
            match take::<OwnedFd>(&outside, |_| ()) {
                Ok((master, _)) => copy_both_ways(&File::from(master)),
                // The container has ended, with an error of its own.
                Err(_) => Ok(()),
            }
        })?;
        Ok(Console { inside: inside.context("it was dropped in the pump only")?, pump })
    }

    /// In the container, when it has its own /dev/pts: opens a pty there. Its slave is this process's
    /// stdin, stdout and stderr from now on, and the terminal of a new session; its master goes
    /// outside.
    pub fn open_inside(&self) -> Result<()> {
        // Blocked for the pump's sake.
        SigSet::all().thread_unblock().context("unblocking the signals")?;
        let size = sys::window_size(stdin().as_fd()).ok();
        let pty = openpty(size.as_ref(), None).context("openpty: no terminal in the container's /dev/pts")?;
        setsid().context("setsid: no session of our own")?;
        sys::take_terminal(pty.slave.as_fd()).context("ioctl(TIOCSCTTY): no terminal for our session")?;
        pass_on(&self.inside, &pty.master, b"").context("giving the terminal's master outside")?;
        dup2_stdin(&pty.slave).context("dup2")?;
        dup2_stdout(&pty.slave).context("dup2")?;
        dup2_stderr(&pty.slave).context("dup2")
    }

    /// Outside, while our own terminal is in raw mode: passes on the signals that we get until `child`
    /// has ended, and returns its exit code. The pump passes on all else.
    pub fn serve(self, child: Pid) -> Result<i32> {
        drop(self.inside);
        let mut pumps = true;
        let code = pass_signals_to(child, |signal| {
            // Without a master, the kernel sends SIGHUP to the session of the slave.
            if matches!(signal, Signal::SIGHUP | Signal::SIGTERM) && std::mem::take(&mut pumps) {
                let _ = end(self.pump);
            }
        })?;
        if pumps {
            kill(self.pump, ENDED).context("kill: telling the pump that the command has ended")?;
            wait(self.pump)?;
        }
        Ok(code)
    }
}

/// To the pump: the command has ended. What it has written is still to be shown.
const ENDED: Signal = Signal::SIGUSR1;

/// The pump: between our terminal and the master of the container's.
fn copy_both_ways(master: &File) -> Result<()> {
    // All signals are blocked here.
    let news = SigSet::from_iter([ENDED, Signal::SIGWINCH]);
    let news = SignalFd::with_flags(&news, SfdFlags::SFD_CLOEXEC).context("signalfd")?;
    let keys = master.try_clone().context("dup")?;
    spawn(move || {
        let _ = copy_keys(keys);
        // Our terminal is gone: so is the container's.
        crate::exit(0)
    });
    let mut screen = File::from(stdout().as_fd().try_clone_to_owned().context("dup")?);
    let (mut buffer, mut has_ended) = ([0; 4096], false);
    loop {
        let wait_for = |file| PollFd::new(file, PollFlags::POLLIN);
        let mut ready = [wait_for(master.as_fd()), wait_for(news.as_fd())];
        poll(&mut ready, if has_ended { PollTimeout::ZERO } else { PollTimeout::NONE }).context("poll")?;
        let [output, signal] = ready.map(|file| file.any().unwrap_or_default());
        if output {
            match (&*master).read(&mut buffer) {
                // EIO: nobody has the slave open.
                Ok(0) | Err(_) => return Ok(()),
                Ok(length) => screen.write_all(&buffer[..length]).context("writing to the terminal")?,
            }
        } else if has_ended {
            return Ok(());
        }
        if signal {
            match news.read_signal().ok().flatten().map(|info| info.ssi_signo as i32) {
                Some(number) if number == ENDED as i32 => has_ended = true,
                _ => drop(sys::window_size(stdin().as_fd()).and_then(|size| sys::resize(master.as_fd(), &size))),
            }
        }
    }
}

fn copy_keys(mut master: File) -> Result<()> {
    let mut keyboard = File::from(stdin().as_fd().try_clone_to_owned().context("dup")?);
    let mut buffer = [0; 4096];
    loop {
        match keyboard.read(&mut buffer).context("reading the terminal")? {
            0 => return Ok(()),
            length => master.write_all(&buffer[..length]).context("writing to the container's terminal")?,
        }
    }
}
