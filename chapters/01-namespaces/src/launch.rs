//! The last step: this process becomes the command, as if the caller had run it directly.

use std::convert::Infallible;
use std::ffi::{CString, OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};

use crate::explain;
use crate::failure::{Failure, exit};
use crate::plan::Inside;
use crate::steps;
use crate::sys;
use crate::wait::HANDED_ON;

/// The caller's signal settings, put aside on the way in and given to the command on the way out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallerSignals {
    mask: SigSet,
    child_ignored: bool,
}

impl CallerSignals {
    /// Puts them aside. From here on, the signals that are [handed on](HANDED_ON) wait, so that none of
    /// them ends us with a container half made. With SIGCHLD ignored (`trap '' CHLD` in the caller's
    /// shell) children reap themselves and waiting for one fails with ECHILD (wait(2)), so it gets its
    /// default.
    pub fn put_aside() -> Result<CallerSignals> {
        let mut mask = SigSet::empty();
        let waiting: SigSet = HANDED_ON.into_iter().collect();
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&waiting), Some(&mut mask)).context("cannot set the signal mask")?;
        let child_ignored = sys::set_ignored(Signal::SIGCHLD, false).context("cannot set SIGCHLD to its default")?;
        Ok(CallerSignals { mask, child_ignored })
    }

    /// Gives them to the command. Rust ignores SIGPIPE, and an ignored signal stays ignored across
    /// execve(2), so that `yes | head` would complain: it gets its default.
    fn give_to_command(&self) -> nix::Result<()> {
        sys::set_ignored(Signal::SIGPIPE, false)?;
        self.give_back()
    }

    /// Gives them back to this process.
    pub fn give_back(&self) -> nix::Result<()> {
        sys::set_ignored(Signal::SIGCHLD, self.child_ignored)?;
        self.mask.thread_set_mask()
    }
}

/// Replaces this process by the command. `last_word` is called when nothing can fail any more but
/// execve itself.
pub(crate) fn execute(
    inside: &Inside,
    signals: &CallerSignals,
    last_word: impl FnOnce() -> Result<()>,
) -> Result<Infallible> {
    let (name, _) = inside.command.split_first().context("no command was given")?;
    let path = inside.env.iter().find(|(key, _)| key == "PATH").map(|(_, value)| value.as_os_str());
    let program = find(name, path, is_executable_file)?;
    let argv = c_strings(inside.command.iter().cloned())?;
    let env = c_strings(environment_entries(&inside.env))?;
    signals.give_to_command().context("cannot give the command the caller's signal settings")?;
    sys::close_on_exec_above_stderr().context("close_range: cannot mark the caller's open files close-on-exec")?;
    let program = CString::new(program.into_os_string().into_vec())?;
    // Nobody may be told "it worked" afterwards.
    explain::step(&steps::EXECUTE, "execve", || sys::execve_args(&program, &argv), None);
    last_word()?;
    let errno = sys::execve(&program, &argv, &env);
    Err(why_not_executed(name, errno).into())
}

/// Where the command is. A name with a slash is a path; another is searched for in PATH.
///
/// Our own search, not execvp(3): glibc's runs a file without a known format through a shell, so
/// that a text file would fail inside with 127, where Docker says 126.
fn find(name: &OsStr, path: Option<&OsStr>, is_executable: impl Fn(&Path) -> bool) -> Result<PathBuf> {
    if name.as_bytes().contains(&b'/') {
        return Ok(name.into());
    }
    let path = path.unwrap_or(OsStr::new("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
    let candidates = std::env::split_paths(path).map(|directory| directory.join(name));
    let mut there_but_not_executable = None;
    for candidate in candidates {
        if is_executable(&candidate) {
            return Ok(candidate);
        }
        if candidate.is_file() {
            there_but_not_executable.get_or_insert(candidate);
        }
    }
    there_but_not_executable.filter(|_| !name.is_empty()).ok_or_else(|| {
        let message = format!("{}: command not found in PATH\n(PATH is {})", format_name(name), path.display());
        anyhow!(Failure::new(exit::NOT_FOUND, message))
    })
}

/// A command as it was typed; in quotes where it would not be seen otherwise.
fn format_name(name: &OsStr) -> String {
    let plain = name.to_str().filter(|name| !name.is_empty() && !name.contains(char::is_whitespace));
    plain.map_or_else(|| format!("{name:?}"), String::from)
}

fn is_executable_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Docker's exit status and a sentence for an execve(2) that failed.
fn why_not_executed(name: &OsStr, errno: Errno) -> Failure {
    let (exit_code, cause) = match errno {
        Errno::ENOENT => (exit::NOT_FOUND, "there is no such file, or the interpreter in its first line is missing"),
        Errno::ENOTDIR => (exit::NOT_FOUND, "a part of its path is not a directory"),
        Errno::EACCES => {
            (exit::NOT_EXECUTABLE, "it is not an executable file (chmod +x), or its file system is mounted noexec")
        }
        Errno::ENOEXEC => {
            (exit::NOT_EXECUTABLE, "it is neither a program for this processor nor a script with a #! line")
        }
        Errno::EISDIR => (exit::NOT_EXECUTABLE, "it is a directory"),
        Errno::ENAMETOOLONG => (exit::NOT_FOUND, "no file can have so long a name"),
        Errno::E2BIG => (exit::NOT_EXECUTABLE, "its arguments and environment are too long"),
        _ => (exit::NOT_EXECUTABLE, "see execve(2)"),
    };
    let chain = vec![
        format!("cannot run {}", format_name(name)),
        format!("execve: {errno:?} ({})", errno.desc()),
        format!("cause: {cause}"),
    ];
    Failure { exit_code, errno: Some(errno as i32), chain }
}

/// `NAME=VALUE`, as execve(2) takes them.
pub(crate) fn environment_entries(env: &[(OsString, OsString)]) -> impl Iterator<Item = OsString> {
    env.iter().map(|(name, value)| [name.as_os_str(), value.as_os_str()].join(OsStr::new("=")))
}

fn c_strings(texts: impl Iterator<Item = OsString>) -> Result<Vec<CString>> {
    texts.map(|text| CString::new(text.into_vec()).context("an argument or variable contains a zero byte")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_slash_is_not_searched_for() {
        assert_eq!(find(OsStr::new("./x"), None, |_| false).unwrap(), Path::new("./x"));
    }

    #[test]
    fn the_first_executable_in_path_is_taken() {
        let found = find(OsStr::new("sh"), Some(OsStr::new("/a:/b:/c")), |path| path != Path::new("/a/sh")).unwrap();
        assert_eq!(found, Path::new("/b/sh"));
    }

    #[test]
    fn a_command_that_is_nowhere_gives_127_and_shows_the_path() {
        let error = find(OsStr::new("no-such"), Some(OsStr::new("/a:/b")), |_| false).unwrap_err();
        let failure = Failure::from_error(&error);
        assert_eq!(failure.exit_code, exit::NOT_FOUND);
        assert!(failure.to_string().contains("PATH is /a:/b"));
    }

    #[test]
    fn the_statuses_are_dockers() {
        let code = |errno| why_not_executed(OsStr::new("x"), errno).exit_code;
        assert_eq!([code(Errno::ENOENT), code(Errno::EACCES), code(Errno::ENOEXEC)], [127, 126, 126]);
    }
}
