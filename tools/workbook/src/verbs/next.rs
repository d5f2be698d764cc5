//! `cargo wb`: what is next, on one screen.

use std::fmt::Write;

use anyhow::Result;

use super::page::Page;
use super::refusal;
use super::table::{self, Row};
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
        let Standing { state, changed, .. } = Standing::of(checkout, exercise, &progress)?;
        rows.push(Row { exercise, state, changed, examined: None });
    }
    print(&match format {
        Format::Json => table::json(&rows, refusal().as_deref()),
        Format::Text => {
            let page = rows.iter().find(|row| row.state != State::Passed).map(|row| Page::of(checkout, row.exercise));
            screen(&rows, page.as_ref(), refusal().is_none(), Paint::for_stdout())
        }
    })?;
    Ok(Exit::Well)
}

fn screen(rows: &[Row], page: Option<&Page>, ready: bool, paint: Paint) -> String {
    let passed = rows.iter().filter(|row| row.state == State::Passed).count();
    let mut out = format!("{}  {passed} of {} exercises passed\n\n", paint.strong("Coracle, the workbook"), rows.len());
    if !ready {
        out.push_str(&paint.bad("This machine refuses something that containers need.\n"));
        out.push_str("What, and what helps: cargo wb doctor.  Or check elsewhere: cargo wb check --vm\n\n");
    }
    match rows.iter().find(|row| row.state != State::Passed) {
        Some(row) => out.push_str(&next(row, page, ready, paint)),
        None => {
            out.push_str("You have passed every exercise that there is so far. What you built:\n\n");
            out.push_str("    cargo run -p mydocker -- run sh\n");
        }
    }
    let all = if ready { "cargo wb check " } else { "cargo wb check --vm " };
    out.push_str(&paint.faint(format!("\nall    {all}    trouble  cargo wb doctor     more   cargo wb --help\n")));
    out
}

fn next(row: &Row, page: Option<&Page>, ready: bool, paint: Paint) -> String {
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
    let where_it_works = if ready { "" } else { "--vm " };
    let _ = writeln!(out, "type   cargo wb check {where_it_works}{id}");
    let _ = writeln!(out, "stuck  cargo wb hint {id}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(state: State) -> Row {
        Row { exercise: exercises::all()[0], state, changed: false, examined: None }
    }

    #[test]
    fn it_names_the_page_the_file_and_the_command() {
        let screen = {
            let page = Page::of(&Checkout::find().expect("tests run in a checkout"), exercises::all()[0]);
            screen(&[row(State::ToDo)], Some(&page), true, Paint::never())
        };
        for part in ["0 of 1", "book/src/01-namespaces/", "exercises/01-namespaces/hostname.rs", "cargo wb check 1.2"] {
            assert!(screen.contains(part), "{part} in {screen}");
        }
        assert!(screen.lines().count() <= 24);
    }

    #[test]
    fn a_machine_that_refuses_is_told_at_once() {
        let refused = screen(&[row(State::ToDo)], None, false, Paint::never());
        let ready = screen(&[row(State::ToDo)], None, true, Paint::never());
        assert!(refused.contains("This machine refuses") && !ready.contains("refuses"), "{refused}");
        assert!(refused.contains("type   cargo wb check --vm 1.2") && ready.contains("type   cargo wb check 1.2"));
    }

    #[test]
    fn when_all_is_passed_it_says_what_has_been_built() {
        assert!(screen(&[row(State::Passed)], None, true, Paint::never()).contains("cargo run -p mydocker -- run sh"));
    }
}
