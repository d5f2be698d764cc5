//! What came of all test programs that one `cargo test` runs. Each notes its own; the last one (the
//! workbook's `whole_run`) adds them up, since cargo doesn't.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A note that no run has taken: cargo was stopped, or didn't run the last program.
const STALE: Duration = Duration::from_secs(60 * 60);

/// Why cases of this program were skipped.
static REASONS: Mutex<Vec<String>> = Mutex::new(Vec::new());

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Totals {
    passed: u64,
    failed: u64,
    /// How many, by reason.
    skipped: BTreeMap<String, u64>,
}

pub(crate) fn skipped(reason: &str) {
    let reason = reason.lines().next().unwrap_or_default().to_string();
    REASONS.lock().unwrap_or_else(PoisonError::into_inner).push(reason);
}

/// Notes what came of this program, if cargo runs it.
pub(crate) fn note(passed: u64, failed: u64) {
    let Some(file) = file() else { return };
    let reasons = REASONS.lock().unwrap_or_else(PoisonError::into_inner);
    let lines: String = reasons.iter().map(|reason| format!("skipped {reason}\n")).collect();
    // Only a summary is at stake: a note that can't be written fails no test.
    let note = File::options().append(true).create(true).open(file);
    let _ = note.and_then(|mut note| note.write_all(format!("{passed} {failed}\n{lines}").as_bytes()));
}

/// What came of the programs that the same cargo has run before this one; `None` when that is
/// nothing.
pub fn of_this_run() -> Option<Totals> {
    let file = file()?;
    let text = fs::read_to_string(&file).ok()?;
    let _ = fs::remove_file(&file);
    remove_stale(file.parent()?);
    Some(Totals::parse(&text)).filter(|totals| *totals != Totals::default())
}

/// One for each cargo, beside the test programs.
fn file() -> Option<PathBuf> {
    let parent = parent_id();
    let name = fs::read_to_string(format!("/proc/{parent}/comm")).ok()?;
    let own = std::env::current_exe().ok()?;
    (name.trim_end() == "cargo").then(|| own.with_file_name(format!("totals-{parent}")))
}

fn remove_stale(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let age = entry.metadata().ok().and_then(|file| file.modified().ok()?.elapsed().ok());
        if entry.file_name().to_string_lossy().starts_with("totals-") && age.is_some_and(|age| age > STALE) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

impl Totals {
    fn parse(text: &str) -> Totals {
        let mut totals = Totals::default();
        for line in text.lines() {
            if let Some(reason) = line.strip_prefix("skipped ") {
                *totals.skipped.entry(reason.into()).or_default() += 1;
            } else if let Some((passed, failed)) = line.split_once(' ') {
                totals.passed += passed.parse::<u64>().unwrap_or_default();
                totals.failed += failed.parse::<u64>().unwrap_or_default();
            }
        }
        totals
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (reason, number) in &self.skipped {
            let (verb, what) =
                (if *number == 1 { "needs" } else { "need" }, reason.strip_prefix("needs ").unwrap_or(reason));
            writeln!(f, "{number:>5} skipped: {verb} {}", in_words(what))?;
        }
        let skipped: u64 = self.skipped.values().sum();
        write!(
            f,
            "In all: {} tests passed, {} failed, {skipped} skipped (and the unit tests above).",
            self.passed, self.failed
        )?;
        if skipped > 0 { write!(f, " Which, and why: cargo test 2>&1 | grep SKIP") } else { Ok(()) }
    }
}

/// The reasons that are met most, for readers who don't know the tests.
fn in_words(what: &str) -> &str {
    match what {
        "root" => "root of this machine; no exercise does",
        "an ordinary user" => "an ordinary user, and you are root",
        "a cgroup that may be divided" => "control groups that you may change (`cargo wb doctor` says how to get them)",
        "cgroup v2" => "a machine with cgroup v2 alone (`cargo wb vm` starts one)",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_several_programs_is_added_up_and_told_in_words() {
        let totals = Totals::parse("3 0\nskipped needs root\nskipped needs a moon\n4 1\nskipped needs root\n");
        let text = totals.to_string();
        assert!(text.contains("    1 skipped: needs a moon\n"), "{text}");
        assert!(text.contains("    2 skipped: need root of this machine"), "{text}");
        assert!(text.ends_with("In all: 7 tests passed, 1 failed, 3 skipped (and the unit tests above). Which, and why: cargo test 2>&1 | grep SKIP"), "{text}");
    }
}
