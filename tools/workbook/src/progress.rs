//! What is remembered between two commands, in `.wb` (ignored by git): answers that passed, those
//! that failed, hints seen.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use anyhow::{Context, Result};
use exercise::Exercise;

use crate::checkout::Checkout;
use crate::files::{read_if_there, write_whole};

/// The part that fits one small file; the kept answers lie beside it. A number by exercise, under
/// [`HINTS`] and under [`FAILED`].
#[derive(Debug, Default)]
pub struct Progress(BTreeMap<String, BTreeMap<String, u64>>);

/// How many hints were shown.
const HINTS: &str = "hints";

/// The fingerprint of the answer that failed last.
const FAILED: &str = "failed";

impl Progress {
    pub fn load(checkout: &Checkout) -> Result<Progress> {
        let file = file(checkout);
        let Some(text) = read_if_there(&file)? else { return Ok(Progress::default()) };
        serde_json::from_str(&text).map(Progress).with_context(|| {
            format!("{} isn't what the workbook wrote; remove it (kept answers are not in it)", file.display())
        })
    }

    pub fn save(&self, checkout: &Checkout) -> Result<()> {
        write_whole(&file(checkout), &serde_json::to_string_pretty(&self.0)?)
    }

    pub fn hints_shown(&self, exercise: &Exercise) -> usize {
        self.number(HINTS, exercise).unwrap_or(0) as usize
    }

    pub fn show_hints(&mut self, exercise: &Exercise, count: usize) {
        self.note(HINTS, exercise, count as u64);
    }

    pub fn has_failed(&self, exercise: &Exercise, answer: &str) -> bool {
        self.number(FAILED, exercise) == Some(fingerprint(answer))
    }

    pub fn note_failure(&mut self, exercise: &Exercise, answer: &str) {
        self.note(FAILED, exercise, fingerprint(answer));
    }

    pub fn forget_failure(&mut self, exercise: &Exercise) {
        self.0.entry(FAILED.into()).or_default().remove(exercise.name);
    }

    fn number(&self, what: &str, exercise: &Exercise) -> Option<u64> {
        self.0.get(what)?.get(exercise.name).copied()
    }

    fn note(&mut self, what: &str, exercise: &Exercise, number: u64) {
        self.0.entry(what.into()).or_default().insert(exercise.name.into(), number);
    }
}

/// Where a passing answer is kept. mydocker's build script looks for it there.
pub fn passed(checkout: &Checkout, exercise: &Exercise) -> PathBuf {
    checkout.kept().join("passed").join(exercise.chapter).join(format!("{}.rs", exercise.name))
}

fn file(checkout: &Checkout) -> PathBuf {
    checkout.kept().join("progress.json")
}

/// A number that tells this text from others. (Another Rust's may differ: an answer that failed is
/// then one that wasn't checked.)
pub fn fingerprint(answer: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    answer.hash(&mut hasher);
    hasher.finish()
}
