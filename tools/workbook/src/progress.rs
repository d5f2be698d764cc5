//! What is remembered between two commands, in `.wb` (ignored by git): answers that passed, those that failed, hints seen.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use anyhow::{Context, Result};
use exercise::Exercise;
use serde::{Deserialize, Serialize};

use crate::checkout::Checkout;
use crate::files::{read_if_there, write_whole};

/// The part that fits one small file; the kept answers lie beside it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// How many hints were shown, by exercise.
    hints: BTreeMap<String, usize>,
    /// The answer that failed last, as a fingerprint, by exercise.
    failed: BTreeMap<String, u64>,
}

impl Progress {
    pub fn load(checkout: &Checkout) -> Result<Progress> {
        let file = file(checkout);
        let Some(text) = read_if_there(&file)? else { return Ok(Progress::default()) };
        serde_json::from_str(&text).with_context(|| {
            format!("{} isn't what the workbook wrote; remove it (kept answers are not in it)", file.display())
        })
    }

    pub fn save(&self, checkout: &Checkout) -> Result<()> {
        write_whole(&file(checkout), &serde_json::to_string_pretty(self)?)
    }

    pub fn hints_shown(&self, exercise: &Exercise) -> usize {
        self.hints.get(exercise.id).copied().unwrap_or(0)
    }

    pub fn show_hints(&mut self, exercise: &Exercise, count: usize) {
        self.hints.insert(exercise.id.into(), count);
    }

    pub fn has_failed(&self, exercise: &Exercise, answer: &str) -> bool {
        self.failed.get(exercise.id) == Some(&fingerprint(answer))
    }

    pub fn note_failure(&mut self, exercise: &Exercise, answer: &str) {
        self.failed.insert(exercise.id.into(), fingerprint(answer));
    }

    pub fn forget_failure(&mut self, exercise: &Exercise) {
        self.failed.remove(exercise.id);
    }
}

/// Where a passing answer is kept. mydocker's build script looks for it there.
pub fn passed(checkout: &Checkout, exercise: &Exercise) -> PathBuf {
    checkout.kept().join("passed").join(exercise.chapter).join(format!("{}.rs", exercise.name))
}

fn file(checkout: &Checkout) -> PathBuf {
    checkout.kept().join("progress.json")
}

/// A number that tells this text from others.
pub fn fingerprint(answer: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    answer.hash(&mut hasher);
    hasher.finish()
}
