//! Starters, solutions and wrong answers: each is what it claims to be.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use exercise::{Exercise, Kind};

use super::several::several_at_once;
use super::wrong_answers::wrong_answers;
use crate::cargo::cargo;
use crate::checkout::Checkout;
use crate::examine::{Examined, examine};
use crate::exercises;
use crate::files::{read_if_there, write_whole};
use crate::state::made_starter;

pub fn starters_are_up_to_date(checkout: &Checkout) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for exercise in exercises::all() {
        let there = read_if_there(&checkout.path(exercise.file()))?;
        if there != Some(made_starter(checkout, exercise)?) {
            let file = exercise.file();
            problems.push(format!("{} isn't what `cargo wb dev starters` makes of the solution", file.display()));
        }
    }
    Ok(problems)
}

/// Starters are judged as they are made, so that a learner's answers in their place don't matter.
pub fn starters_fail_as_expected(checkout: &Checkout) -> Result<Vec<String>> {
    each_starter(checkout, |checkout, exercise, starter| {
        let problem = match examine(checkout, exercise, starter, false)? {
            Examined::Judged { warnings, .. } if !warnings.is_empty() => {
                Some(format!("compiles with warnings:\n{warnings}"))
            }
            Examined::Judged { judgement, .. } if judgement.passed() => Some("passes".into()),
            // What is to be repaired is there and runs; all else is still a `todo!`, which says so
            // when it is reached.
            Examined::Judged { judgement, .. } if exercise.kind != Kind::Repair => match judgement.mistake {
                Some(mistake) => {
                    Some(format!("gets the diagnosis of a mistake, {}, before anything is written", mistake.id))
                }
                None if judgement.printed.contains("not yet implemented") => None,
                None => Some(format!("fails before it reaches its own todo!: {judgement:#?}")),
            },
            Examined::Judged { .. } => None,
            other => Some(in_words(&other)),
        };
        Ok(problem)
    })
}

pub fn starters_and_solutions_please_clippy(checkout: &Checkout) -> Result<Vec<String>> {
    let mut problems = each_starter(checkout, clippy)?;
    problems.extend(each_solution(checkout, clippy)?);
    Ok(problems)
}

fn each_starter(
    checkout: &Checkout,
    look: impl Fn(&Checkout, &Exercise, &Path) -> Result<Option<String>> + Sync,
) -> Result<Vec<String>> {
    several_at_once(checkout, &exercises::all(), |checkout, exercise| {
        let starter = checkout.target().join("starters").join(exercise.chapter).join(format!("{}.rs", exercise.name));
        write_whole(&starter, &made_starter(checkout, exercise)?)?;
        let problem = look(checkout, exercise, &starter)?;
        Ok(problem.map(|problem| format!("the starter of {}: {problem}", exercise.id)))
    })
}

fn each_solution(
    checkout: &Checkout,
    look: impl Fn(&Checkout, &Exercise, &Path) -> Result<Option<String>> + Sync,
) -> Result<Vec<String>> {
    several_at_once(checkout, &exercises::all(), |checkout, exercise| {
        let problem = look(checkout, exercise, &checkout.path(exercise.solution()))?;
        Ok(problem.map(|problem| format!("{}: {problem}", exercise.solution().display())))
    })
}

fn clippy(checkout: &Checkout, exercise: &Exercise, answer: &Path) -> Result<Option<String>> {
    let mut cargo = cargo();
    cargo.current_dir(checkout.top()).args([
        "clippy",
        "--quiet",
        "--package",
        &exercise.package(),
        "--bin",
        exercise.name,
    ]);
    cargo
        .args(["--no-default-features", "--features", "answers", "--target-dir"])
        .arg(checkout.target())
        .args(["--", "--deny", "warnings"]);
    let output = cargo.env("CORACLE_ANSWER", answer).output().context("starting cargo clippy")?;
    Ok((!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).trim().to_string()))
}

pub fn solutions_pass(checkout: &Checkout) -> Result<Vec<String>> {
    each_solution(checkout, |checkout, exercise, solution| {
        let examined = examine(checkout, exercise, solution, false)?;
        Ok((!examined.passed()).then(|| in_words(&examined)))
    })
}

pub fn sources_are_formatted(checkout: &Checkout) -> Result<Vec<String>> {
    let mut files: Vec<PathBuf> = exercises::all().iter().map(|exercise| checkout.path(exercise.solution())).collect();
    files.extend(exercises::all().iter().flat_map(|exercise| wrong_answers(checkout, exercise)));
    // cargo doesn't find what a build script includes.
    files.extend(exercises::all().iter().map(|exercise| checkout.path(exercise.declaration())));
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.current_dir(checkout.top()).args(["--check", "--edition", "2024"]).args(files);
    let output = rustfmt.output().context("starting rustfmt")?;
    let said = [output.stdout, output.stderr].concat();
    Ok(if output.status.success() { Vec::new() } else { vec![String::from_utf8_lossy(&said).trim().to_string()] })
}

pub fn in_words(examined: &Examined) -> String {
    match examined {
        Examined::Judged { judgement, .. } => format!("{judgement:#?}"),
        Examined::DoesNotCompile(errors) => format!("doesn't compile:\n{errors}"),
        Examined::NotOneFile(why) => why.clone(),
        Examined::Blocked(why) => format!("blocked: {why}"),
    }
}
