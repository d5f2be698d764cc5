//! `cargo wb check [ID]`

use std::collections::BTreeSet;

use anyhow::Result;
use exercise::Exercise;

use super::table::Row;
use super::{next_exercise, refusal, report, table};
use crate::busy::Busy;
use crate::checkout::Checkout;
use crate::cli::Format;
use crate::examine::{Examined, examine};
use crate::files::write_whole;
use crate::paint::Paint;
use crate::progress::{Progress, passed};
use crate::state::{Standing, State};
use crate::{Exit, checks, exercises, prebuilt, print};

pub fn run(checkout: &Checkout, id: Option<&str>, format: Format) -> Result<Exit> {
    let paint = Paint::for_stdout();
    let colour = paint.is_on() && format == Format::Text;
    let mut progress = Progress::load(checkout)?;
    let chosen = match id {
        Some(id) => vec![exercises::find(id)?],
        None => exercises::all(),
    };
    let mut rows = Vec::new();
    let mut reports = String::new();
    let mut refusals = BTreeSet::new();
    for exercise in chosen {
        let before = Standing::read(checkout, exercise, &progress)?;
        // Among all of them, one that nobody has begun isn't worth a build.
        let row = if id.is_none() && before.untouched {
            Row { exercise, state: before.state, changed: before.changed, examined: None }
        } else {
            checked(checkout, exercise, &before, id.is_some(), &mut progress, colour)?
        };
        let worth_telling = row.examined.is_some() && (id.is_some() || row.state != State::Passed);
        let told_before = match &row.examined {
            Some(Examined::Blocked(why)) if worth_telling => !refusals.insert(why.clone()),
            _ => false,
        };
        if worth_telling && !told_before {
            let was_passed = before.state == State::Passed;
            reports.push_str(&format!("\n{}", report::text(&row, was_passed, paint)));
        }
        rows.push(row);
    }
    progress.save(checkout)?;
    // Only a whole machine's refusal: an exercise may be blocked for reasons of its own.
    let refused = refusal();
    let exit = exit(&rows, refused.is_some());
    print(&match format {
        Format::Json => table::json(&rows, refused.as_deref()),
        Format::Text if id.is_some() => format!("{}{}", reports.trim_start(), what_now(checkout, &rows[0], &progress)?),
        Format::Text => format!("{}{reports}{}", table::text(&rows, paint), footer(&rows, refused.is_some())),
    })?;
    Ok(exit)
}

/// Nothing was run: why nothing can be, if that is so, else what could.
fn footer(rows: &[Row], refused: bool) -> String {
    if refused && waits_for_the_machine(rows) {
        "\nThis machine refuses something that containers need.\nWhat, and what helps: cargo wb doctor.  Or check elsewhere: cargo wb check --vm\n".to_string()
    } else if nothing_was_judged(rows)
        && rows.iter().all(|row| row.state != State::Blocked)
        && let Some(next) = rows.iter().find(|row| row.state != State::Passed)
    {
        format!("\nNext: {} {} (cargo wb)\n", next.exercise.id, next.exercise.title)
    } else {
        String::new()
    }
}

fn nothing_was_judged(rows: &[Row]) -> bool {
    rows.iter().all(|row| matches!(row.examined, None | Some(Examined::Blocked(_))))
}

/// There is something to do, and nothing of it could be judged: to a program it must not look as if
/// the learner were late.
fn waits_for_the_machine(rows: &[Row]) -> bool {
    nothing_was_judged(rows) && rows.iter().any(|row| row.state != State::Passed)
}

/// Runs the checks on the learner's file and keeps the answer if it passes. `asked`: for this
/// exercise by name.
fn checked(
    checkout: &Checkout,
    exercise: &'static Exercise,
    before: &Standing,
    asked: bool,
    progress: &mut Progress,
    colour: bool,
) -> Result<Row> {
    let file = checkout.path(exercise.file());
    let Some(answer) = &before.answer else {
        let missing =
            format!("{} is missing; `cargo wb reset {}` brings the starter back", file.display(), exercise.id);
        return Ok(Row {
            exercise,
            state: State::Failing,
            changed: before.changed,
            examined: Some(Examined::NotOneFile(missing)),
        });
    };
    let built = checkout.target().join("debug").exists() && checks::are_built(checkout, exercise);
    let first = if built { "" } else { " (the first time some ten seconds)" };
    let busy = Busy::with(&format!("{} {}: building{first} and checking …", exercise.id, exercise.name));
    let examined = examine(checkout, exercise, &file, colour)?;
    drop(busy);
    // It may have been saved again while it was built; only what was built may be kept.
    let unchanged = crate::files::read_if_there(&file)?.as_ref() == Some(answer);
    let state = state(&examined, before, asked, unchanged);
    match state {
        State::Passed if examined.passed() => {
            keep(checkout, exercise, answer)?;
            progress.forget_failure(exercise);
        }
        State::Failing => progress.note_failure(exercise, answer),
        _ => {}
    }
    Ok(Row { exercise, state, changed: before.changed && state != State::Passed, examined: Some(examined) })
}

/// `unchanged`: the file is still what was built.
fn state(examined: &Examined, before: &Standing, asked: bool, unchanged: bool) -> State {
    match examined {
        // What has passed is no less passed where it can't be checked again, unless just this was
        // asked for.
        Examined::Blocked(_) if before.state == State::Passed && !before.changed && !asked => State::Passed,
        Examined::Blocked(_) => State::Blocked,
        examined if examined.passed() && unchanged => State::Passed,
        _ if before.untouched => State::ToDo,
        examined if examined.passed() => State::Edited,
        _ => State::Failing,
    }
}

fn keep(checkout: &Checkout, exercise: &Exercise, answer: &str) -> Result<()> {
    let kept = passed(checkout, exercise);
    // The same text again would only make mydocker be built again.
    if crate::files::read_if_there(&kept)?.as_deref() == Some(answer) { Ok(()) } else { write_whole(&kept, answer) }
}

/// After a pass: see it work, and go on.
fn what_now(checkout: &Checkout, row: &Row, progress: &Progress) -> Result<String> {
    if row.state != State::Passed {
        return Ok(String::new());
    }
    let next = match next_exercise(checkout, progress)? {
        Some(exercise) => format!("Next: {} {} (cargo wb)\n", exercise.id, exercise.title),
        None => "That was the last one that there is so far.\n".to_string(),
    };
    let seen = match row.exercise.shown_by {
        "" => String::new(),
        words if prebuilt::is_in_use() => format!(
            "It is a part of your mydocker now. In the throwaway machine as well:\n    cargo build -p mydocker && cargo wb vm --shell\n    \
             target/debug/mydocker {words}\n"
        ),
        words => format!("It is a part of your mydocker now:\n    cargo run -p mydocker -- {words}\n"),
    };
    Ok(format!("{seen}{next}"))
}

fn exit(rows: &[Row], refused: bool) -> Exit {
    if rows.iter().any(|row| row.state == State::Blocked) || refused && waits_for_the_machine(rows) {
        Exit::Blocked
    } else if rows.iter().all(|row| row.state == State::Passed) {
        Exit::Well
    } else {
        Exit::Failing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit_of(states: &[State]) -> Exit {
        exit_where(states, false)
    }

    fn exit_where(states: &[State], refused: bool) -> Exit {
        let row = |&state| Row { exercise: exercises::all()[0], state, changed: false, examined: None };
        exit(&states.iter().map(row).collect::<Vec<_>>(), refused)
    }

    #[test]
    fn only_all_passed_is_well_and_blocked_comes_before_failing() {
        assert_eq!(exit_of(&[State::Passed]), Exit::Well);
        assert_eq!(exit_of(&[State::Passed, State::ToDo]), Exit::Failing);
        assert_eq!(exit_of(&[State::Edited]), Exit::Failing);
        assert_eq!(exit_of(&[State::Failing, State::Blocked]), Exit::Blocked);
    }

    #[test]
    fn a_pass_that_can_not_be_checked_again_stays_one_unless_it_was_asked_for_or_edited() {
        let blocked = Examined::Blocked("no namespaces".into());
        let passed = Standing { answer: None, state: State::Passed, untouched: false, changed: false };
        assert_eq!(state(&blocked, &passed, false, true), State::Passed);
        assert_eq!(state(&blocked, &passed, true, true), State::Blocked);
        assert_eq!(state(&blocked, &Standing { changed: true, ..passed }, false, true), State::Blocked);
        let edited = Standing { answer: None, state: State::Edited, untouched: false, changed: false };
        assert_eq!(state(&blocked, &edited, false, true), State::Blocked);
    }

    #[test]
    fn an_answer_that_was_saved_while_it_was_checked_has_not_passed() {
        let outcomes = vec![judgement::Outcome::new("a", true, "x", "x")];
        let judgement = judgement::Judgement { outcomes, ..Default::default() };
        let right = Examined::Judged { judgement, warnings: String::new() };
        let edited = Standing { answer: None, state: State::Edited, untouched: false, changed: false };
        assert_eq!(state(&right, &edited, true, true), State::Passed);
        assert_eq!(state(&right, &edited, true, false), State::Edited);
    }

    #[test]
    fn where_the_machine_refuses_what_is_to_do_is_blocked() {
        assert_eq!(exit_where(&[State::Passed, State::ToDo], true), Exit::Blocked);
        assert_eq!(exit_where(&[State::Passed], true), Exit::Well);
    }
}
