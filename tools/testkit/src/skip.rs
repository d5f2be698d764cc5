//! Skips: visible, counted, never silent.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// The exit status of a case that can't run here, as automake and Meson have it.
pub(crate) const SKIPPED: i32 = 77;

/// The error that the harness takes for a skip.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Needs(pub String);

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "needs {}", self.0)
    }
}

impl std::error::Error for Needs {}

/// The line for people and for CI.
pub(crate) fn line(full_name: &str, reason: &str) -> String {
    let reason = reason.lines().next().unwrap_or_default();
    format!("SKIP {full_name}: {reason}")
}

/// Says so on stderr, also where output is captured, and in the file that CORACLE_SKIPS names.
pub(crate) fn announce(full_name: &str, reason: &str) {
    let line = line(full_name, reason);
    eprintln!("{line}");
    if let Some(path) = std::env::var_os("CORACLE_SKIPS") {
        // Not written, CI would take the skip for a test that ran.
        append(path.as_ref(), &line);
    }
}

/// Adds a line to a file of CI's, or ends the run.
pub(crate) fn append(path: &Path, line: &str) {
    // One write of one line, so that test programs that run at once don't mix theirs.
    let written = File::options()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    if let Err(error) = written {
        eprintln!("testkit: {}: {error}", path.display());
        std::process::exit(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_is_one_line() {
        assert_eq!(line("lab::x::a_claim", "needs ip\nand more"), "SKIP lab::x::a_claim: needs ip");
    }
}
