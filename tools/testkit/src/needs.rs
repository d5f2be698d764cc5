//! What a case needs of the machine. Each gives an error that makes the case a visible skip:
//! `needs::program("ip")?;`

use std::fs;

use anyhow::Result;
use doctor::Verdict;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::geteuid;

use crate::skip::Needs;

/// A condition of the case's own; the text goes after "needs".
pub fn that(fulfilled: bool, what: impl Into<String>) -> Result<()> {
    if fulfilled { Ok(()) } else { Err(Needs(what.into()).into()) }
}

/// That user namespaces can be made *and used* here, whoever one is.
pub fn user_namespaces() -> Result<()> {
    match doctor::examine().verdict_with_user_namespace() {
        Verdict::Ready => Ok(()),
        refused => that(false, format!("user namespaces, but {refused}")),
    }
}

/// The machine's root: uid 0 outside of any user namespace.
pub fn root() -> Result<()> {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    that(geteuid().is_root() && maps_everything(&map), "root")
}

/// Somebody who isn't root.
pub fn ordinary_user() -> Result<()> {
    that(!geteuid().is_root(), "an ordinary user")
}

/// That this process may have so many files open; raises its own limit as far as the hard limit
/// allows.
pub fn open_files(number: u64) -> Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < number && number <= hard {
        setrlimit(Resource::RLIMIT_NOFILE, number, hard)?;
    }
    that(number <= hard, format!("{number} open files (ulimit -Hn is {hard})"))
}

/// A program in PATH.
pub fn program(name: &str) -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|directory| directory.join(name).is_file());
    that(found, format!("the program {name}"))
}

/// Only the machine's first user namespace maps every id to itself.
fn maps_everything(map: &str) -> bool {
    map.split_whitespace().eq(["0", "0", "4294967295"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(that(false, "a hat").unwrap_err().to_string(), "needs a hat");
        assert!(that(true, "a hat").is_ok());
        assert_eq!(program("no-such-program-x").unwrap_err().to_string(), "needs the program no-such-program-x");
        assert!(program("sh").is_ok());
    }

    #[test]
    fn root_of_a_user_namespace_is_not_the_machines_root() {
        assert!(maps_everything("         0          0 4294967295\n"));
        assert!(!maps_everything("         0       1000          1\n"));
    }
}
