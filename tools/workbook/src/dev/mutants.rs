//! `cargo wb dev mutants`: solutions with one thing changed. Each has to fail its check, or a check is missing.
//!
//! Two sources: every statement (and every element of a list) that is left out, found here; and what `cargo mutants` proposes, if it is
//! installed. It can't run them itself: an answer is judged by the workbook.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use exercise::Exercise;
use serde::Deserialize;

use super::several::several_at_once;
use crate::checkout::Checkout;
use crate::examine::{Examined, examine};
use crate::files::write_whole;
use crate::starter::shown;
use crate::{Exit, exercises, print};

/// A solution with a change.
#[derive(Debug, PartialEq, Eq)]
struct Mutant {
    /// Where and what, for the reader.
    what: String,
    text: String,
}

pub fn run(checkout: &Checkout, id: Option<&str>) -> Result<Exit> {
    let chosen = match id {
        Some(id) => vec![exercises::find(id)?],
        None => exercises::all(),
    };
    let mut survivors = 0;
    for exercise in chosen {
        let solution = std::fs::read_to_string(checkout.path(exercise.solution())).context("reading the solution")?;
        let solution = shown(&solution)?;
        let mut mutants = left_out(&solution);
        mutants.extend(proposed(checkout, exercise, &solution)?);
        let numbered: Vec<(usize, &Mutant)> = mutants.iter().enumerate().collect();
        let results = several_at_once(&numbered, |(number, mutant)| {
            let fate = fate(checkout, exercise, number, mutant)?;
            Ok((fate != Fate::Caught).then_some((fate, number)))
        })?;
        let survived: Vec<&Mutant> =
            results.iter().filter(|(fate, _)| *fate == Fate::Survived).map(|(_, n)| &mutants[*n]).collect();
        let built = mutants.len() - results.len() + survived.len();
        survivors += survived.len();
        let mut said = format!(
            "{} {}: mutants that compile: {built}, not noticed: {}\n",
            exercise.id,
            exercise.name,
            survived.len()
        );
        said.extend(survived.iter().map(|mutant| format!("    {}\n", mutant.what)));
        print(&said)?;
    }
    Ok(if survivors == 0 { Exit::Well } else { Exit::Failing })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Caught,
    Survived,
    DoesNotCompile,
}

fn fate(checkout: &Checkout, exercise: &Exercise, number: usize, mutant: &Mutant) -> Result<Fate> {
    let file = checkout.target().join("mutants").join(exercise.name).join(format!("{number}.rs"));
    write_whole(&file, &mutant.text)?;
    Ok(match examine(checkout, exercise, &file, false)? {
        Examined::Judged { judgement, .. } if judgement.passed() => Fate::Survived,
        Examined::DoesNotCompile(_) => Fate::DoesNotCompile,
        _ => Fate::Caught,
    })
}

/// The text without each of its statements and elements, one at a time: lines within a body or a list that are complete by
/// themselves.
fn left_out(text: &str) -> Vec<Mutant> {
    let lines: Vec<&str> = text.lines().collect();
    let mut mutants = Vec::new();
    for start in 0..lines.len() {
        let line = lines[start].trim();
        // What is outside of all braces isn't the answer's doing; comments do nothing.
        if !lines[start].starts_with("    ") || line.starts_with("//") || line.starts_with('}') {
            continue;
        }
        let Some(end) = end_of(&lines, start) else { continue };
        let rest = lines[..start].iter().chain(&lines[end + 1..]).map(|line| format!("{line}\n")).collect();
        mutants.push(Mutant { what: format!("line {}, left out: {line}", start + 1), text: rest });
    }
    mutants
}

/// The line in which what begins at `start` ends: brackets are closed, and `;`, `,` or `}` comes last.
fn end_of(lines: &[&str], start: usize) -> Option<usize> {
    let mut depth = 0i32;
    for (number, line) in lines.iter().enumerate().skip(start) {
        let count = |brackets: &str| line.chars().filter(|letter| brackets.contains(*letter)).count() as i32;
        depth += count("([{") - count(")]}");
        if depth < 0 {
            return None;
        }
        if depth == 0 && line.ends_with([';', ',', '}']) {
            return Some(number);
        }
    }
    None
}

/// One that `cargo mutants` proposes. (Lines and columns are counted from 1.)
#[derive(Debug, Deserialize)]
struct Proposal {
    name: String,
    replacement: String,
    span: Span,
}

#[derive(Debug, Deserialize)]
struct Span {
    start: Place,
    end: Place,
}

#[derive(Debug, Deserialize)]
struct Place {
    line: usize,
    column: usize,
}

fn proposed(checkout: &Checkout, exercise: &Exercise, solution: &str) -> Result<Vec<Mutant>> {
    // It wants a package; nothing of it is built.
    let package = checkout.target().join("mutants").join(exercise.name).join("package");
    let manifest = "[package]\nname = \"solution\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n";
    write_whole(&package.join("Cargo.toml"), manifest)?;
    write_whole(&package.join("src/lib.rs"), solution)?;
    let Some(list) = list(&package)? else {
        eprintln!(
            "cargo wb: without cargo-mutants (cargo install --locked cargo-mutants), only what is left out is tried"
        );
        return Ok(Vec::new());
    };
    let proposals: Vec<Proposal> = serde_json::from_slice(&list).context("what cargo mutants --list printed")?;
    // Flags are single bits: put together by ^ they are the same number.
    let differs = |proposal: &Proposal| !proposal.name.contains("replace | with ^");
    proposals.into_iter().filter(differs).map(|proposal| applied(solution, &proposal)).collect()
}

fn list(package: &Path) -> Result<Option<Vec<u8>>> {
    let mut command = Command::new("cargo-mutants");
    let output = command.args(["mutants", "--list", "--json", "--dir"]).arg(package).output();
    match output {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        output => {
            let output = output.context("starting cargo-mutants")?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            anyhow::ensure!(output.status.success(), "cargo mutants --list: {said}");
            Ok(Some(output.stdout))
        }
    }
}

fn applied(text: &str, proposal: &Proposal) -> Result<Mutant> {
    let (start, end) = (offset(text, &proposal.span.start)?, offset(text, &proposal.span.end)?);
    let what = proposal.name.trim_start_matches("src/lib.rs:").to_string();
    Ok(Mutant { what: format!("line {what}"), text: [&text[..start], &proposal.replacement, &text[end..]].concat() })
}

fn offset(text: &str, place: &Place) -> Result<usize> {
    let before: usize = text.split_inclusive('\n').take(place.line.saturating_sub(1)).map(str::len).sum();
    let line = text[before..].lines().next().unwrap_or_default();
    let column = line.char_indices().map(|(at, _)| at).nth(place.column.saturating_sub(1)).unwrap_or(line.len());
    anyhow::ensure!(before + column <= text.len(), "a place outside of the file");
    Ok(before + column)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "use a::b;\n\nfn f() -> Result<()> {\n    // Why.\n    one(\n        1,\n    )?;\n    if x {\n        two();\n    }\n    three()\n}\n";

    #[test]
    fn each_statement_is_left_out_once_and_comments_and_the_last_expression_are_not() {
        let whats: Vec<String> = left_out(TEXT).into_iter().map(|mutant| mutant.what).collect();
        assert_eq!(
            whats,
            ["line 5, left out: one(", "line 6, left out: 1,", "line 8, left out: if x {", "line 9, left out: two();"]
        );
        assert!(!left_out(TEXT)[0].text.contains("one(") && left_out(TEXT)[0].text.contains("two();"));
    }

    #[test]
    fn a_proposal_replaces_what_it_spans() {
        let place = |line, column| Place { line, column };
        let span = Span { start: place(11, 5), end: place(11, 12) };
        let proposal = Proposal { name: "src/lib.rs:11:5: replace f".into(), replacement: "Ok(())".into(), span };
        let mutant = applied(TEXT, &proposal).expect("a place in the file");
        assert!(mutant.text.ends_with("    Ok(())\n}\n") && mutant.what == "line 11:5: replace f");
    }
}
