//! One file a command.

pub mod check;
pub mod check_in_vm;
pub mod doctor;
pub mod hint;
pub mod next;
pub mod reset;
pub mod solution;
pub mod vm;
pub mod watch;

mod page;
mod report;
mod table;
mod way;

use ::doctor::Verdict;
use anyhow::Result;
use exercise::Exercise;

use self::way::Way;
use crate::checkout::Checkout;
use crate::exercises::{self, NoneIsNext};
use crate::progress::Progress;
use crate::state::{Standing, State};

/// What this machine refuses of what checks need, found out by doing it.
fn refusal() -> Option<String> {
    let verdict = ::doctor::examine().verdict();
    (verdict != Verdict::Ready).then(|| verdict.to_string())
}

/// The first exercise that hasn't passed and can be checked here; if there is none, the first that
/// hasn't passed.
fn next_exercise(checkout: &Checkout, progress: &Progress) -> Result<Option<&'static Exercise>> {
    let mut left = Vec::new();
    for exercise in exercises::all() {
        if Standing::read(checkout, exercise, progress)?.state != State::Passed {
            left.push(exercise);
        }
    }
    Ok(first_that_can_be_checked(&left))
}

fn first_that_can_be_checked(left: &[&'static Exercise]) -> Option<&'static Exercise> {
    let can_be = |exercise: &&&'static Exercise| way::to(exercise) != Way::Nowhere;
    left.iter().find(can_be).or(left.first()).copied()
}

/// The next one after `current`, in the order of the book and round again, that hasn't passed.
fn next_after(checkout: &Checkout, progress: &Progress, current: &Exercise) -> Result<Option<&'static Exercise>> {
    let mut all = exercises::all();
    let place = all.iter().position(|exercise| exercise.id == current.id).unwrap_or_default();
    all.rotate_left(place);
    for exercise in all.into_iter().skip(1) {
        if Standing::read(checkout, exercise, progress)?.state != State::Passed {
            return Ok(Some(exercise));
        }
    }
    Ok(None)
}

/// The exercise that was named; else the next one.
fn named_or_next(checkout: &Checkout, progress: &Progress, id: Option<&str>) -> Result<&'static Exercise> {
    match id {
        Some(id) => exercises::find(id),
        None => next_exercise(checkout, progress)?.ok_or_else(|| NoneIsNext.into()),
    }
}
