//! How an exercise stands, as far as files tell it: nothing is built or run here.

use std::fmt;

use anyhow::{Context, Result};
use exercise::Exercise;

use crate::checkout::Checkout;
use crate::files::read_if_there;
use crate::progress::{Progress, passed};
use crate::starter::starter;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The starter is as it was: it fails, and that is the starting point.
    ToDo,
    /// Begun, and not checked as it is now.
    Edited,
    /// Checked, and some check fails.
    Failing,
    /// Checked and right; a copy is kept.
    Passed,
    /// Can't be checked on this machine.
    Blocked,
}

impl State {
    /// A word for programs.
    pub fn id(self) -> &'static str {
        match self {
            State::ToDo => "to-do",
            State::Edited => "edited",
            State::Failing => "failing",
            State::Passed => "passed",
            State::Blocked => "blocked",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.pad(match self {
            State::ToDo => "to do",
            State::Edited => "not checked",
            State::Failing => "failing",
            State::Passed => "passed",
            State::Blocked => "blocked",
        })
    }
}

/// The answer's text and state.
#[derive(Debug)]
pub struct Standing {
    /// `None` when the file is missing.
    pub answer: Option<String>,
    pub state: State,
    /// The file is the starter, as it was made.
    pub untouched: bool,
    /// An answer has passed and is kept, and the file is another one by now.
    pub changed: bool,
}

impl Standing {
    pub fn read(checkout: &Checkout, exercise: &Exercise, progress: &Progress) -> Result<Standing> {
        let answer = read_if_there(&checkout.path(exercise.file()))?;
        let kept = read_if_there(&passed(checkout, exercise))?;
        let changed = kept.is_some() && kept != answer;
        let untouched = match &answer {
            Some(answer) => *answer == made_starter(checkout, exercise)?,
            None => false,
        };
        let failed = answer.as_ref().is_some_and(|answer| progress.has_failed(exercise, answer));
        Ok(Standing { answer, state: state(kept.is_some(), untouched, failed), untouched, changed })
    }
}

/// The starter as it is made from the solution today.
pub fn made_starter(checkout: &Checkout, exercise: &Exercise) -> Result<String> {
    let file = checkout.path(exercise.solution());
    let solution = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    starter(&solution).with_context(|| format!("making the starter from {}", file.display()))
}

/// A pass is kept: an answer that is edited afterwards doesn't lose it.
fn state(kept: bool, untouched: bool, failed: bool) -> State {
    match (kept, untouched, failed) {
        (true, _, _) => State::Passed,
        (_, true, _) => State::ToDo,
        (_, _, true) => State::Failing,
        _ => State::Edited,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_pass_outlives_whatever_is_edited_later() {
        assert_eq!(state(true, true, false), State::Passed);
        assert_eq!(state(true, false, true), State::Passed);
    }

    #[test]
    fn a_failing_starter_is_to_do() {
        assert_eq!(state(false, true, true), State::ToDo);
        assert_eq!(state(false, false, true), State::Failing);
        assert_eq!(state(false, false, false), State::Edited);
    }
}
