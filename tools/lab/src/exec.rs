//! The last step: this process becomes the program.

use std::convert::Infallible;
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::execve;

use crate::status::{NOT_EXECUTABLE, NOT_FOUND};

/// Replaces this process by the program. Returns only when that fails: the exit status and why.
///
/// `execve` with a search of our own: glibc's `execvp` runs a file without a known format through
/// `sh`.
pub(crate) fn become_program(command: &[OsString]) -> (i32, String) {
    let Some(program) = command.first() else { return (NOT_FOUND, "no program was given".to_string()) };
    let arguments: Vec<CString> = command.iter().map(for_kernel).collect();
    let environment: Vec<CString> = std::env::vars_os().map(|(name, value)| pair(name, value)).collect();
    let mut worst = Errno::ENOENT;
    for file in candidates(program, std::env::var_os("PATH").as_deref()) {
        let Err(errno): Result<Infallible, Errno> = execve(&for_kernel(&file), &arguments, &environment);
        // A program further on in PATH may still do. What is remembered is what there is: a directory that
        // may not be searched (EACCES, as in root's PATH after `su`) has nothing for us.
        if file.exists() && errno != Errno::ENOENT {
            worst = errno;
        }
    }
    verdict(program, worst)
}

fn verdict(program: &OsStr, errno: Errno) -> (i32, String) {
    let program = Path::new(program).display();
    match errno {
        Errno::ENOENT => (NOT_FOUND, format!("{program}: no such program in the lab (or its interpreter is missing)")),
        Errno::EACCES => (NOT_EXECUTABLE, format!("{program}: not executable: {errno}")),
        Errno::ENOEXEC => (NOT_EXECUTABLE, format!("{program}: neither a program nor a script with a #! line")),
        errno => (NOT_EXECUTABLE, format!("{program}: execve: {errno}")),
    }
}

/// The files to try: the name itself when it has a slash, else one a directory of PATH (an empty
/// one is the working directory, execvp(3)).
fn candidates(program: &OsStr, path: Option<&OsStr>) -> Vec<PathBuf> {
    if program.as_bytes().contains(&b'/') || program.is_empty() {
        return vec![PathBuf::from(program)];
    }
    let path = path.unwrap_or(OsStr::new("/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"));
    std::env::split_paths(path)
        .map(|directory| if directory.as_os_str().is_empty() { PathBuf::from(".") } else { directory })
        .map(|directory| directory.join(program))
        .collect()
}

/// Arguments and environment came from the kernel, which ends them with the NUL that can't be in
/// them.
fn for_kernel(text: impl AsRef<OsStr>) -> CString {
    CString::new(text.as_ref().as_bytes()).unwrap_or_default()
}

/// TMPDIR may name a directory that is read-only here.
fn pair(name: OsString, value: OsString) -> CString {
    let value = if name == "TMPDIR" { OsString::from("/tmp") } else { value };
    let mut bytes = name.into_vec();
    bytes.push(b'=');
    bytes.extend(value.into_vec());
    CString::new(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_slash_is_not_searched() {
        assert_eq!(candidates(OsStr::new("./x"), Some(OsStr::new("/bin"))), [PathBuf::from("./x")]);
    }

    #[test]
    fn a_name_is_searched_in_the_order_of_path() {
        let found = candidates(OsStr::new("x"), Some(OsStr::new("/a::/b")));
        assert_eq!(found, [PathBuf::from("/a/x"), PathBuf::from("./x"), PathBuf::from("/b/x")]);
    }

    #[test]
    fn what_is_there_but_not_executable_is_126_and_what_is_not_there_127() {
        assert_eq!(verdict(OsStr::new("x"), Errno::EACCES).0, 126);
        assert_eq!(verdict(OsStr::new("x"), Errno::ENOEXEC).0, 126);
        assert_eq!(verdict(OsStr::new("x"), Errno::ENOENT).0, 127);
    }
}
