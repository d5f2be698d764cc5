//! A terminal driven by the test: a pty whose other end is the caller's terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;
use testkit::{Case, cases, eventually, needs};

use crate::probe::set_window_size;
use crate::world::{detached, fails, probe_flags, program, state, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        a_shell_on_a_terminal_has_its_size_and_hears_of_changes,
        the_callers_terminal_is_raw_and_comes_back_however_it_ends,
        detach_keys_leave_it_and_attach_comes_again,
        detach_keys_can_be_chosen_and_then_the_usual_ones_go_through,
        ctrl_c_reaches_the_command_and_not_the_client,
        a_console_is_the_terminal,
        nobody_inside_types_on_the_callers_terminal_but_on_its_own_at_most,
    ]
}

/// A client on a terminal of its own.
struct Terminal {
    master: File,
    slave: OwnedFd,
    client: Child,
    seen: String,
}

impl Terminal {
    fn with(args: &[&str]) -> Result<Terminal> {
        needs::program("setsid")?;
        let size = Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None)?;
        let ours = program(args);
        // Its session's terminal, as that of a shell is.
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(ours.get_program()).args(ours.get_args());
        command.env("XDG_CACHE_HOME", "/tmp/cache");
        let end = || -> Result<Stdio> { Ok(Stdio::from(pty.slave.try_clone()?)) };
        let client = command.stdin(end()?).stdout(end()?).stderr(end()?).spawn()?;
        let flags = OFlag::from_bits_retain(fcntl(&pty.master, FcntlArg::F_GETFL)?);
        fcntl(&pty.master, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        Ok(Terminal { master: pty.master.into(), slave: pty.slave, client, seen: String::new() })
    }

    fn types(&mut self, text: &str) -> Result<()> {
        Ok(self.master.write_all(text.as_bytes())?)
    }

    fn shows(&mut self, text: &str) -> Result<()> {
        let (master, seen) = (&mut self.master, &mut self.seen);
        let found = eventually(&format!("the terminal shows {text:?}"), || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = master.read(&mut buffer) {
                seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
            }
            Ok(seen.contains(text))
        });
        let rest = seen.find(text).map(|at| seen[at + text.len()..].to_string());
        found.with_context(|| format!("it shows {seen:?}"))?;
        self.seen = rest.unwrap_or_default();
        Ok(())
    }

    /// Whether keys go through as they are.
    fn is_raw(&self) -> Result<bool> {
        let flags = tcgetattr(self.slave.as_fd())?.local_flags;
        Ok(!flags.intersects(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG))
    }

    fn ends(&mut self) -> Result<i32> {
        let mut status = None;
        eventually("the client ends", || {
            status = self.client.try_wait()?;
            Ok(status.is_some())
        })?;
        ensure!(!self.is_raw()?, "the terminal is raw still");
        status.and_then(|status| status.code()).context("killed")
    }

    /// The client itself: setsid's child, or what setsid has become.
    fn client_pid(&self) -> i32 {
        let pid = self.client.id() as i32;
        lab::observe::children(pid).first().copied().unwrap_or(pid)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.client_pid()), Signal::SIGKILL);
        let _ = self.client.wait();
    }
}

fn a_shell_on_a_terminal_has_its_size_and_hears_of_changes() -> Result<()> {
    for args in [&["run", "--rm", "-it", "hostbox", "sh"][..], &["exec", "-it", "other", "sh"]] {
        if args[0] == "exec" {
            detached("other", &[], "sleep 1000")?;
        }
        let mut terminal = Terminal::with(args)?;
        terminal.types("stty size; tty=$(readlink /proc/self/fd/0); echo on $tty\n")?;
        terminal.shows("30 100")?;
        terminal.shows("on /dev/pts/")?;
        set_window_size(terminal.master.as_fd(), 132, 50);
        terminal.types("sleep 0.2; stty size\n")?;
        terminal.shows("50 132")?;
        // Job control: this is what a terminal of one's own is needed for.
        terminal.types("set -m; sleep 100 &\njobs; kill %1; exit 9\n")?;
        terminal.shows("Running")?;
        ensure!(terminal.ends()? == 9);
    }
    Ok(())
}

fn the_callers_terminal_is_raw_and_comes_back_however_it_ends() -> Result<()> {
    let run = ["run", "--rm", "-it", "--name", "boat", "hostbox", "sh", "-c", "echo ready; read line; exit 5"];
    let begin = || -> Result<Terminal> {
        let mut terminal = Terminal::with(&run)?;
        terminal.shows("ready")?;
        eventually("the terminal is raw", || terminal.is_raw())?;
        Ok(terminal)
    };
    let mut terminal = begin()?;
    terminal.types("\r")?;
    ensure!(terminal.ends()? == 5);
    // The container is killed.
    let mut terminal = begin()?;
    succeeds(&["kill", "boat"])?;
    ensure!(terminal.ends()? == 137);
    // The client is ended by a signal, which the container gets.
    eventually("it is gone", || Ok(succeeds(&["ps", "-aq"])?.is_empty()))?;
    let mut terminal = begin()?;
    kill(Pid::from_raw(terminal.client_pid()), Signal::SIGHUP)?;
    succeeds(&["rm", "-f", "boat"])?;
    terminal.ends()?;
    // The shim is killed.
    let mut terminal = begin()?;
    let id = crate::world::inspect("boat", "{{.Id}}")?;
    kill(Pid::from_raw(crate::world::shim_of(&id)?), Signal::SIGKILL)?;
    ensure!(terminal.ends()? == 137);
    Ok(())
}

fn detach_keys_leave_it_and_attach_comes_again() -> Result<()> {
    let mut terminal = Terminal::with(&["run", "-it", "--name", "boat", "hostbox", "sh"])?;
    terminal.types("echo fir''st\n")?;
    terminal.shows("first")?;
    terminal.types("\x10\x11")?;
    ensure!(terminal.ends()? == 0 && state("boat")? == "running 0");
    let mut again = Terminal::with(&["attach", "boat"])?;
    eventually("the terminal is raw", || again.is_raw())?;
    again.types("echo aga''in; exit 4\n")?;
    again.shows("again")?;
    ensure!(again.ends()? == 4 && state("boat")? == "exited 4");
    ensure!(succeeds(&["logs", "boat"])?.contains("first"));
    // The same for a command in a container that goes on.
    detached("other", &[], "sleep 1000")?;
    let mut exec = Terminal::with(&["exec", "-it", "other", "sh"])?;
    exec.types("echo fir''st\n")?;
    exec.shows("first")?;
    exec.types("\x10\x11")?;
    exec.ends()?;
    Ok(())
}

fn detach_keys_can_be_chosen_and_then_the_usual_ones_go_through() -> Result<()> {
    let keys = "--detach-keys=ctrl-x,d";
    detached("other", &[], "sleep 1000")?;
    for args in [
        &["run", "-it", keys, "--name", "boat", "hostbox", "sh"][..],
        &["attach", keys, "boat"],
        &["exec", "-it", keys, "other", "sh"],
        &["start", "-ai", keys, "boat"],
    ] {
        if args[0] == "start" {
            succeeds(&["kill", "boat"])?;
            succeeds(&["wait", "boat"])?;
        }
        let mut terminal = Terminal::with(args)?;
        eventually("the terminal is raw", || terminal.is_raw())?;
        // The first key alone is a letter, which the shell's terminal shows.
        terminal.types("\x10\x11\x18\necho sti''ll\n")?;
        terminal.shows("still").with_context(|| format!("{args:?}"))?;
        terminal.types("\x18d")?;
        ensure!(terminal.ends()? == 0, "{args:?}");
        ensure!(args[0] == "exec" || state("boat")? == "running 0", "{args:?}");
    }
    for args in [&["run", "hostbox", "true"][..], &["attach", "boat"], &["exec", "boat", "true"], &["start", "boat"]] {
        let message = fails(&[&args[..1], &["--detach-keys", "ctrl-x,ctrl-1"], &args[1..]].concat(), 125)?;
        ensure!(message.contains("\"ctrl-1\" is not a key") && message.contains("cure:"), "{args:?}: {message}");
    }
    Ok(())
}

fn ctrl_c_reaches_the_command_and_not_the_client() -> Result<()> {
    let mut terminal = Terminal::with(&["run", "--rm", "-it", "--name", "boat", "hostbox", "sh"])?;
    terminal.types("sleep 1000; echo slept $?\n")?;
    eventually("it sleeps", || {
        Ok(program(&["top", "boat"]).output()?.stdout.windows(10).any(|word| word == b"sleep 1000"))
    })?;
    terminal.types("\x03")?;
    terminal.types("echo sta''tus $?; exit 0\n")?;
    terminal.shows("status 130")?;
    ensure!(terminal.ends()? == 0);
    Ok(())
}

fn a_console_is_the_terminal() -> Result<()> {
    let mut terminal = Terminal::with(&["run", "--rm", "-it", "hostbox", "sh"])?;
    terminal.types("test -c /dev/console && echo to''him >/dev/console; exit 0\n")?;
    terminal.shows("tohim")?;
    ensure!(terminal.ends()? == 0);
    Ok(())
}

/// TIOCSTI (chapter 1's attack): the terminal of a container is its own, in each way into it.
fn nobody_inside_types_on_the_callers_terminal_but_on_its_own_at_most() -> Result<()> {
    // Since Linux 6.2 the kernel can refuse it altogether: EIO.
    let legacy = std::fs::read_to_string("/proc/sys/dev/tty/legacy_tiocsti");
    let expected = if legacy.is_ok_and(|text| text.trim() == "0") { "said EIO" } else { "said done" };
    let probe = probe_flags()?;
    let probe: Vec<&str> = probe.iter().map(String::as_str).collect();
    let script = "stty -echo; echo ready; read line; echo said $(/probe type /dev/tty)";
    let command = ["hostbox", "sh", "-c", script];
    succeeds(&[&["run", "-d", "--name", "other"], &probe[..], &["hostbox", "sleep", "1000"]].concat())?;
    succeeds(&[&["run", "-dit", "--name", "boat"], &probe[..], &command].concat())?;
    for args in [
        &[&["run", "--rm", "-it"], &probe[..], &command].concat()[..],
        &["attach", "boat"],
        &["exec", "-it", "other", "sh", "-c", script],
    ] {
        let mut terminal = Terminal::with(args)?;
        eventually("the terminal is raw", || terminal.is_raw())?;
        if args[0] != "attach" {
            terminal.shows("ready")?;
        }
        terminal.types("\n")?;
        terminal.shows(expected).with_context(|| format!("{args:?}"))?;
        ensure!(terminal.ends()? == 0);
        // A shell would now read what was typed on its terminal.
        let mut fds = [PollFd::new(terminal.slave.as_fd(), PollFlags::POLLIN)];
        ensure!(poll(&mut fds, PollTimeout::ZERO)? == 0, "{args:?}: something was typed on the caller's terminal");
    }
    Ok(())
}
