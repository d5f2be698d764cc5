//! `enter`: a command in the namespaces of a running process.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;

use anyhow::{Context, Result};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};

use crate::failure::Failure;
use crate::launch::{self, CallerSignals};
use crate::namespaces::{Namespace, Namespaces};
use crate::plan::Inside;
use crate::steps;
use crate::sys::{self, Cloned, ShownMemory};
use crate::target::Target;
use crate::terminal::{Lent, lead_a_group};
use crate::wait::{Exit, Foreground};

/// Milliseconds: a PID 1 that ends kills all others of its namespace first (pid_namespaces(7)), and
/// is seen to have ended a little later.
const MOMENT: u8 = 200;

// ANCHOR: enter
/// Joins every namespace that `target` doesn't share with this process, and runs a command there to
/// its end.
///
/// This process moves and stays moved, so the call belongs into a process that has nothing else to
/// do. All namespaces are joined in one setns(2) on a pidfd: the kernel checks them all before it
/// moves us, and takes the user namespace first. A PID namespace is joined by children only, so the
/// command is one.
pub fn enter(target: &Target, command: Vec<OsString>) -> Result<Exit> {
    let apart = target.apart_from(&Target::myself()?)?;
    let has_root = apart.has(Namespace::User) && has_root(target);
    let has_terminal = terminal_input::is_within_reach();
    let env = environment_of(target);
    // From the clone to the exec, the command's process is a copy of this one, in sight of all
    // inside.
    ShownMemory::of_this_process()?.show_environment(launch::environment_entries(&env));
    let signals = CallerSignals::put_aside()?;
    if apart != Namespaces::none() {
        sys::setns(&steps::JOIN, target.pidfd(), apart)
            .with_context(|| format!("cannot enter the namespaces of process {}", target.pid))?;
    }
    if has_root {
        become_root_inside()?;
    }
    match sys::clone3(&steps::MAKE_PROCESS, Namespaces::none(), None)? {
        Cloned::Child => {
            lead_a_group();
            // Killed with us, as a container's first process is with its `run`.
            let _ = set_pdeathsig(Signal::SIGKILL);
            let inside = Inside::new(command, env, false);
            let run = || {
                if has_terminal {
                    sys::refuse_typing(&steps::REFUSE_TYPING)?;
                }
                launch::execute(&inside, &signals, || Ok(()))
            };
            let error = match run() {
                Ok(never) => match never {},
                Err(error) => Failure::from_error(&error),
            };
            let _ = writeln!(std::io::stderr(), "{error}");
            sys::exit_now(error.exit_code)
        }
        Cloned::Parent { child: pid, pidfd } => {
            let terminal = Lent::to(pid);
            let (pidfd, terminal) = (pidfd.as_fd(), terminal.as_ref());
            let exit =
                Foreground { pidfd, pid, terminal, is_pid_1: false, has_init: false, each_second: None }.wait()?;
            if exit == Exit::Killed(libc::SIGKILL) && target.ends_within(MOMENT.into()) {
                let _ = writeln!(std::io::stderr(), "The container has ended, and its PID namespace with it.");
            }
            Ok(exit)
        }
    }
}
// ANCHOR_END: enter

// ANCHOR: environment
/// The environment of the process that is entered, and the kind of terminal that we have. Nothing
/// else of ours: what the caller's shell exports (tokens, keys) is nobody's business inside.
fn environment_of(target: &Target) -> Vec<(OsString, OsString)> {
    let read = fs::read(format!("/proc/{}/environ", target.pid)).unwrap_or_default();
    let entries = read.split(|byte| *byte == 0).filter_map(|entry| {
        let equals = entry.iter().position(|byte| *byte == b'=').filter(|place| *place > 0)?;
        let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        Some((text(&entry[..equals]), text(&entry[equals + 1..])))
    });
    let mut env: Vec<(OsString, OsString)> = entries.filter(|(name, _)| name != "TERM").collect();
    env.extend(std::env::var_os("TERM").map(|term| ("TERM".into(), term)));
    env
}
// ANCHOR_END: environment

/// Who comes from outside may have an id that isn't mapped inside, and would be nobody there. As
/// the namespace's root one is somebody.
pub(crate) fn become_root_inside() -> Result<()> {
    // Groups first, while we may; where setgroups is denied they stay as they are.
    let _ = setgroups(&[]);
    setgid(Gid::from_raw(0)).context("setgid: cannot become the container's root group")?;
    setuid(Uid::from_raw(0)).context("setuid: cannot become the container's root")
}

/// Whether the target's user namespace has a root. Asked before we join: afterwards /proc is the
/// container's, in which we don't occur.
pub(crate) fn has_root(target: &Target) -> bool {
    let map = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", target.pid)).unwrap_or_default();
    ["uid_map", "gid_map"].iter().all(|name| maps_root(&map(name)))
}

/// Whether id 0 is mapped: a line of an id map is "inside outside count".
fn maps_root(map: &str) -> bool {
    map.lines().any(|line| line.split_whitespace().next() == Some("0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_without_root_is_seen() {
        assert!(maps_root("         0       1000          1\n"));
        assert!(!maps_root("      1000       1000          1\n"));
        assert!(!maps_root(""));
    }
}
