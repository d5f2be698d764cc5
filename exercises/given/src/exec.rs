use std::convert::Infallible;
use std::env;
use std::ffi::{CString, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::execve;

use crate::command::{candidates, default_search};
use crate::sys;

/// Turns this process into `command` (a program and its arguments); it returns only when that
/// fails.
///
/// The program is looked for in PATH, by ourselves: execvp(3) would hand a text file without `#!`
/// to a shell, where Docker says that it can't be executed. The command starts with every signal
/// unblocked and with the descriptors 0, 1 and 2; whatever else is open is closed by the exec.
pub fn exec(command: &[OsString]) -> Result<Infallible> {
    let program = command.first().context("exec: no command was given")?;
    let arguments = command.iter().map(|word| c_string(word.as_bytes().to_vec())).collect::<Result<Vec<_>>>()?;
    let environment = env::vars_os().map(|(name, value)| variable(name, value)).collect::<Result<Vec<_>>>()?;

    // Rust ignores SIGPIPE, and what is ignored stays ignored across exec: `yes | head` would complain.
    sys::default_action(Signal::SIGPIPE).context("exec: SIGPIPE back to its default")?;
    SigSet::empty().thread_set_mask().context("exec: unblocking the signals")?;
    close_on_exec().context("exec")?;

    let mut errno = Errno::ENOENT;
    for path in candidates(program, &env::var_os("PATH").unwrap_or_else(default_search)) {
        let path = c_string(path.into_os_string().into_vec())?;
        let Err(refusal) = execve(&path, &arguments, &environment);
        match refusal {
            Errno::ENOENT | Errno::ENOTDIR => {}
            // There is one that we may not execute; a later directory may hold one that we may.
            Errno::EACCES => errno = Errno::EACCES,
            other => {
                errno = other;
                break;
            }
        }
    }
    Err(NotStarted { program: program.clone(), errno }.into())
}

/// Marks every descriptor above 2 as close-on-exec: close_range(2). The caller keeps using them
/// until then.
pub fn close_on_exec() -> Result<()> {
    sys::close_others_on_exec().context("close_range(3, …, CLOEXEC)")
}

fn variable(name: OsString, value: OsString) -> Result<CString> {
    c_string([name.as_bytes(), b"=", value.as_bytes()].concat())
}

fn c_string(bytes: Vec<u8>) -> Result<CString> {
    CString::new(bytes).context("exec: a word of the command or its environment has a NUL byte in it")
}

/// Why a command could not be started.
#[derive(Debug)]
pub struct NotStarted {
    program: OsString,
    errno: Errno,
}

impl NotStarted {
    /// The exit code that shells and Docker give: 127 when the program isn't there, 126 when it
    /// can't be executed.
    pub fn exit_code(&self) -> u8 {
        if self.errno == Errno::ENOENT { 127 } else { 126 }
    }
}

impl fmt::Display for NotStarted {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let program = self.program.display();
        match self.errno {
            Errno::ENOENT => write!(out, "{program}: not found (nor in any directory of PATH, if it is a bare name)"),
            Errno::EACCES => {
                write!(out, "{program}: there, but not executable (its x bit, a noexec mount, or a directory)")
            }
            Errno::ENOEXEC => write!(out, "{program}: not in a format that the kernel runs (a script needs a #! line)"),
            errno => write!(out, "{program}: execve: {errno}"),
        }
    }
}

impl std::error::Error for NotStarted {}

/// The exit code to end with after `error`: that of a command which could not be started, else 125
/// ("ours"), as Docker.
pub fn exit_code_for_error(error: &anyhow::Error) -> u8 {
    error.downcast_ref::<NotStarted>().map_or(125, NotStarted::exit_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(errno: Errno) -> u8 {
        exit_code_for_error(&anyhow::Error::from(NotStarted { program: "x".into(), errno }).context("run"))
    }

    #[test]
    fn exit_codes_are_those_of_shells_and_docker() {
        assert_eq!(code(Errno::ENOENT), 127);
        assert_eq!(code(Errno::EACCES), 126);
        assert_eq!(code(Errno::ENOEXEC), 126);
        assert_eq!(exit_code_for_error(&anyhow::anyhow!("a step failed")), 125);
    }
}
