//! `cargo wb`: what is next, on one screen.

use std::fmt::Write;

use anyhow::Result;
use doctor::paragraph;

use super::page::Page;
use super::table::{self, Row};
use super::way::{self, Way};
use super::{first_that_can_be_checked, refusal};
use crate::checkout::Checkout;
use crate::cli::Format;
use crate::paint::Paint;
use crate::progress::Progress;
use crate::state::{Standing, State};
use crate::{Exit, exercises, print};

pub fn run(checkout: &Checkout, format: Format) -> Result<Exit> {
    let progress = Progress::load(checkout)?;
    let mut rows = Vec::new();
    for exercise in exercises::all() {
        let Standing { state, changed, .. } = Standing::read(checkout, exercise, &progress)?;
        rows.push(Row { exercise, state, changed, examined: None });
    }
    print(&match format {
        Format::Json => table::json(&rows, refusal().as_deref()),
        Format::Text => {
            let left: Vec<_> = rows.iter().filter(|row| row.state != State::Passed).map(|row| row.exercise).collect();
            let next = first_that_can_be_checked(&left);
            let next = next.and_then(|next| rows.iter().find(|row| row.exercise.id == next.id));
            let page = next.map(|row| Page::find(checkout, row.exercise));
            let way = next.map_or(Way::Here, |row| way::to(row.exercise));
            screen(&rows, next, page.as_ref(), refusal().is_none(), way, Paint::for_stdout())
        }
    })?;
    Ok(Exit::Well)
}

fn screen(rows: &[Row], to_do: Option<&Row>, page: Option<&Page>, ready: bool, way: Way, paint: Paint) -> String {
    let passed = rows.iter().filter(|row| row.state == State::Passed).count();
    let mut out = format!("{}  {passed} of {} exercises passed\n\n", paint.strong("Coracle, the workbook"), rows.len());
    if !ready {
        out.push_str(&paint.bad("This machine refuses something that containers need.\n"));
        out.push_str("What, and what helps: cargo wb doctor.  Or check elsewhere: cargo wb check --vm\n\n");
    }
    match to_do {
        Some(row) => {
            out.push_str(&left_out(rows, row, way));
            out.push_str(&next(row, page, way, paint));
        }
        None => {
            out.push_str("You have passed every exercise that there is so far. What you built:\n\n");
            out.push_str("    cargo run -p mydocker -- run sh\n");
        }
    }
    let all = if ready { "cargo wb check " } else { "cargo wb check --vm " };
    out.push_str(&paint.faint(format!("\nall    {all}    trouble  cargo wb doctor     more   cargo wb --help\n")));
    out
}

/// Why an earlier one isn't next, or why this one can't be checked either.
fn left_out(rows: &[Row], next: &Row, way: Way) -> String {
    let earlier = rows.iter().take_while(|row| row.exercise.id != next.exercise.id);
    let left: Vec<&str> = earlier.filter(|row| row.state != State::Passed).map(|row| row.exercise.id).collect();
    let which = match (left.as_slice(), way) {
        ([], Way::Nowhere) => "What is left needs".to_string(),
        ([], _) => return String::new(),
        ([only], _) => format!("{only} is left out: it needs"),
        ([first, .., last], _) => format!("{first} to {last} are left out: they need"),
    };
    let what = "control groups that you may change, and this machine gives you none. Page 3.10 of the book says how \
                root can delegate some. Or install what the throwaway machine is made of: \
                cargo wb vm --install says what is missing.";
    format!("{}\n", paragraph(&format!("{which} {what}"), ""))
}

fn next(row: &Row, page: Option<&Page>, way: Way, paint: Paint) -> String {
    let Row { exercise, state, .. } = row;
    let id = exercise.id;
    let mut out = String::new();
    let title = paint.strong(format!("{id} {}", exercise.title));
    let _ = writeln!(out, "next   {title}  ({}, {state})", exercise.kind);
    let _ = writeln!(out, "takes  about {} minutes, {}", exercise.minutes, exercise.difficulty);
    if let Some(page) = page {
        let _ = write!(out, "read   {page}");
    }
    let _ = writeln!(out, "edit   {}", exercise.file().display());
    let _ = writeln!(out, "type   {}", way.command(id));
    let _ = writeln!(out, "stuck  cargo wb hint {id}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(state: State) -> Row {
        Row { exercise: exercises::all()[0], state, changed: false, examined: None }
    }

    fn format_rows(rows: &[Row], page: Option<&Page>, ready: bool, way: Way) -> String {
        screen(rows, rows.iter().find(|row| row.state != State::Passed), page, ready, way, Paint::never())
    }

    #[test]
    fn what_cannot_be_done_here_is_left_out_and_why() {
        let row = |name, state| Row { exercise: exercises::find(name).unwrap(), state, changed: false, examined: None };
        let rows = [row("pivot", State::Passed), row("group", State::ToDo), row("removal", State::ToDo)];
        let nowhere = format_rows(&rows, None, true, Way::Nowhere);
        assert!(nowhere.contains("What is left needs control groups"), "{nowhere}");
        let later = [row("group", State::ToDo), row("memory", State::ToDo), row("removal", State::ToDo)];
        let later = screen(&later, Some(&later[2]), None, true, Way::Here, Paint::never());
        assert!(later.contains("3.1a to 3.4 are left out: they need control groups"), "{later}");
        let scope = format_rows(&rows, None, true, Way::InScope);
        assert!(scope.contains("type   systemd-run --user --scope -p Delegate=yes cargo wb check 3.1a"), "{scope}");
        assert!(!scope.contains("left out"), "{scope}");
    }

    #[test]
    fn it_names_the_page_the_file_and_the_command() {
        let screen = {
            let page = Page::find(&Checkout::find().expect("tests run in a checkout"), exercises::all()[0]);
            format_rows(&[row(State::ToDo)], Some(&page), true, Way::Here)
        };
        for part in ["0 of 1", "book/src/01-namespaces/", "exercises/01-namespaces/hostname.rs", "cargo wb check 1.2"] {
            assert!(screen.contains(part), "{part} in {screen}");
        }
        assert!(screen.lines().count() <= 24);
    }

    #[test]
    fn a_machine_that_refuses_is_told_at_once() {
        let refused = format_rows(&[row(State::ToDo)], None, false, Way::InVm);
        let ready = format_rows(&[row(State::ToDo)], None, true, Way::Here);
        assert!(refused.contains("This machine refuses") && !ready.contains("refuses"), "{refused}");
        assert!(refused.contains("type   cargo wb check --vm 1.2") && ready.contains("type   cargo wb check 1.2"));
    }

    #[test]
    fn when_all_is_passed_it_says_what_has_been_built() {
        assert!(format_rows(&[row(State::Passed)], None, true, Way::Here).contains("cargo run -p mydocker -- run sh"));
    }
}
