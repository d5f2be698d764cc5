use std::fs;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;

use crate::introduction::Introduction;
use crate::pidfd::signal;
use crate::sys;
use crate::terminal::Lent;

/// What whoever started us may send, and means for the container. (SIGCHLD is ours.)
const PASSED_ON: [Signal; 7] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGCONT,
];

/// How long a command that Ctrl-C ends may take for that.
const MOMENT: Duration = Duration::from_millis(100);

/// Waits until `child` ends, as [`wait`](crate::wait) does, and meanwhile stands where it would
/// stand if it had been started directly: it leads the terminal's foreground group, and signals
/// that we get are passed on to it.
///
/// What is typed at the terminal goes to the child without us. A PID 1 without a handler doesn't
/// hear it, so a second Ctrl-C kills it.
pub fn stand_in_for(child: Pid) -> Result<i32> {
    // Only now, after the fork: the child's mask is the command's.
    block_passed_on()?;
    wait_in_its_place(child, child, |signal| {
        // It may have ended a moment ago; then SIGCHLD is on its way.
        let _ = kill(child, signal);
    })
}

/// The same where the command isn't `child`, but a process below it that has introduced itself.
pub fn stand_in_for_command(child: Pid, introduction: Introduction) -> Result<i32> {
    block_passed_on()?;
    match introduction.command()? {
        Some((command, process)) => wait_in_its_place(child, command, |which| {
            let _ = signal(&process, which);
        }),
        // It has ended before, with an error of its own.
        None => stand_in(child, |_| ()),
    }
}

/// In a process between us and the command: what is typed for the command doesn't end it.
pub fn survive_typed_signals() -> Result<()> {
    // Not for the command: `exec` unblocks them.
    block_passed_on()
}

/// Waits until `child` ends, and passes signals on to it, after `before` has heard of each. The
/// signals have been blocked before. It isn't lent our terminal, since it has one of its own.
pub(crate) fn pass_signals_to(child: Pid, mut before: impl FnMut(Signal)) -> Result<i32> {
    stand_in(child, |signal| {
        before(signal);
        let _ = kill(child, signal);
    })
}

pub(crate) fn block_passed_on() -> Result<()> {
    ours().thread_block().context("blocking the signals that are passed on")
}

/// `leader` is, or gets, the leader of the terminal's foreground process group.
fn wait_in_its_place(child: Pid, leader: Pid, pass_on: impl FnMut(Signal)) -> Result<i32> {
    let lent = Lent::to(leader);
    let code = stand_in(child, pass_on)?;
    // Killed, or its command was, as an init tells it: it has put no setting of the terminal back.
    if let (Some(lent), 129..) = (&lent, code) {
        lent.restore_settings();
    }
    Ok(code)
}

fn ours() -> SigSet {
    PASSED_ON.into_iter().chain([Signal::SIGCHLD]).collect()
}

fn stand_in(child: Pid, mut pass_on: impl FnMut(Signal)) -> Result<i32> {
    let signals = SignalFd::with_flags(&ours(), SfdFlags::SFD_CLOEXEC).context("signalfd")?;
    let mut warned = false;
    loop {
        if let Some(code) = ended(child)? {
            return Ok(code);
        }
        let info = match signals.read_signal() {
            Ok(Some(info)) => info,
            Ok(None) | Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno).context("waiting for a signal"),
        };
        let Ok(signal) = Signal::try_from(info.ssi_signo as i32) else { continue };
        let typed = info.ssi_code == libc::SI_KERNEL;
        let sent = match signal {
            Signal::SIGCHLD => None,
            Signal::SIGINT if typed && !is_listened_to(child, signal) => {
                // It may be ending, of this very Ctrl-C, and then it is too early for a word.
                sleep(MOMENT);
                if let Some(code) = ended(child)? {
                    return Ok(code);
                }
                let second = std::mem::replace(&mut warned, true);
                if !second {
                    eprintln!("The command is PID 1 and doesn't listen to Ctrl-C; once more kills it.");
                }
                second.then_some(Signal::SIGKILL)
            }
            _ if typed => None,
            signal => Some(signal),
        };
        if let Some(signal) = sent {
            pass_on(signal);
        }
    }
}

/// The exit code, if the child has ended.
fn ended(child: Pid) -> Result<Option<i32>> {
    match sys::wait(child, libc::WNOHANG) {
        Ok(ended) => Ok(ended.map(|(_, code)| code)),
        Err(Errno::EINTR) => Ok(None),
        Err(errno) => Err(errno).with_context(|| format!("waitpid({child})")),
    }
}

/// Whether a process has a handler for this signal, or has blocked it to take it when it likes
/// (proc_pid_status(5)).
fn is_listened_to(process: Pid, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    ["SigCgt:", "SigBlk:"].iter().any(|set| contains(&status, set, signal))
}

fn contains(status: &str, set: &str, signal: Signal) -> bool {
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix(set)?.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal as i32 - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_one_bit_of_a_set() {
        let status = "SigBlk:\t0000000000000000\nSigCgt:\t0000000000004002\n";
        assert!(contains(status, "SigCgt:", Signal::SIGINT) && contains(status, "SigCgt:", Signal::SIGTERM));
        assert!(!contains(status, "SigCgt:", Signal::SIGHUP) && !contains(status, "SigBlk:", Signal::SIGINT));
        assert!(!contains("", "SigCgt:", Signal::SIGINT));
    }
}
