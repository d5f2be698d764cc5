//! Starters, solutions and wrong answers: each is what it claims to be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use exercise::{Exercise, Kind};

use super::several::several_at_once;
use crate::cargo::cargo;
use crate::checkout::Checkout;
use crate::examine::{Examined, examine};
use crate::exercises;
use crate::files::{below, read_if_there, write_whole};
use crate::state::made_starter;

/// How many wrong answers an exercise has at least.
const WRONG_ANSWERS: usize = 2;

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
    each_starter(checkout, |exercise, starter| {
        let problem = match examine(checkout, exercise, starter, false)? {
            Examined::Judged { warnings, .. } if !warnings.is_empty() => {
                Some(format!("compiles with warnings:\n{warnings}"))
            }
            Examined::Judged { judgement, .. } if judgement.passed() => Some("passes".into()),
            // What is to be repaired is there and runs; all else is still a `todo!`, which says so when it is reached.
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
    let mut problems = each_starter(checkout, |exercise, starter| clippy(checkout, exercise, starter))?;
    for exercise in exercises::all() {
        let found = clippy(checkout, exercise, &checkout.path(exercise.solution()))?;
        problems.extend(found.map(|problem| format!("{}: {problem}", exercise.solution().display())));
    }
    Ok(problems)
}

fn each_starter(
    checkout: &Checkout,
    judge: impl Fn(&Exercise, &Path) -> Result<Option<String>>,
) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for exercise in exercises::all() {
        let starter = checkout.target().join("starters").join(exercise.chapter).join(format!("{}.rs", exercise.name));
        write_whole(&starter, &made_starter(checkout, exercise)?)?;
        problems.extend(judge(exercise, &starter)?.map(|problem| format!("the starter of {}: {problem}", exercise.id)));
    }
    Ok(problems)
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
    let mut problems = Vec::new();
    for exercise in exercises::all() {
        let examined = examine(checkout, exercise, &checkout.path(exercise.solution()), false)?;
        if !examined.passed() {
            problems.push(format!("{}: {}", exercise.solution().display(), in_words(&examined)));
        }
    }
    Ok(problems)
}

pub fn wrong_answers_get_their_diagnosis(checkout: &Checkout) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for exercise in exercises::all() {
        let files = wrong_answers(checkout, exercise);
        if files.len() < WRONG_ANSWERS {
            problems.push(format!("{} has {} wrong answers; {WRONG_ANSWERS} at least", exercise.id, files.len()));
        }
        let headers = files.iter().map(|file| Header::read(file)).collect::<Result<Vec<_>>>()?;
        let proven: Vec<&String> = headers.iter().map(|header| &header.diagnosis).collect();
        let answers: Vec<(&PathBuf, &Header)> = files.iter().zip(&headers).collect();
        problems.extend(several_at_once(&answers, |(file, header)| {
            let problem = wrong_answer(checkout, exercise, file, header)?;
            Ok(problem.map(|problem| format!("{}: {problem}", file.display())))
        })?);
        let unproven = exercise.mistakes.iter().filter(|mistake| !proven.iter().any(|id| *id == mistake.id));
        problems.extend(unproven.map(|mistake| format!("{}: no wrong answer proves {}", exercise.id, mistake.id)));
    }
    Ok(problems)
}

fn wrong_answer(checkout: &Checkout, exercise: &Exercise, file: &Path, header: &Header) -> Result<Option<String>> {
    if header.made_by.is_empty() {
        return Ok(Some("no line `//! made by:` that says where people make this mistake".into()));
    }
    // "none": a mistake that gets expected and observed, and no guess.
    let expected = Some(header.diagnosis.as_str()).filter(|id| *id != "none");
    Ok(match examine(checkout, exercise, file, false)? {
        examined if examined.passed() => Some("passes".into()),
        Examined::NotOneFile(_) if header.diagnosis == "not-one-file" => None,
        Examined::Judged { judgement, .. } => {
            let got = judgement.mistake.map(|mistake| mistake.id);
            let shown = |id: Option<&str>| id.unwrap_or("no diagnosis").to_string();
            (got != expected).then(|| format!("expected {}, got {}: {judgement:#?}", shown(expected), shown(got)))
        }
        other => Some(in_words(&other)),
    })
}

pub fn sources_are_formatted(checkout: &Checkout) -> Result<Vec<String>> {
    let mut files: Vec<PathBuf> = exercises::all().iter().map(|exercise| checkout.path(exercise.solution())).collect();
    files.extend(exercises::all().iter().flat_map(|exercise| wrong_answers(checkout, exercise)));
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.current_dir(checkout.top()).args(["--check", "--edition", "2024"]).args(files);
    let output = rustfmt.output().context("starting rustfmt")?;
    let said = [output.stdout, output.stderr].concat();
    Ok(if output.status.success() { Vec::new() } else { vec![String::from_utf8_lossy(&said).trim().to_string()] })
}

pub fn hints_and_pages_exist(checkout: &Checkout) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for exercise in exercises::all() {
        if exercise.hints.len() < 2 {
            problems.push(format!("{} has {} hints; two at least", exercise.id, exercise.hints.len()));
        }
        let page = checkout.path("book/src").join(exercise.page);
        match read_if_there(&page)? {
            None => problems.push(format!("{}: there is no page book/src/{}", exercise.id, exercise.page)),
            Some(text) if !says(&text, &format!("cargo wb check {}", exercise.id)) => {
                problems.push(format!("book/src/{} doesn't say `cargo wb check {}`", exercise.page, exercise.id));
            }
            Some(_) => {}
        }
    }
    Ok(problems)
}

/// Not as the beginning of a longer number.
fn says(text: &str, command: &str) -> bool {
    text.split(command).skip(1).any(|after| !after.starts_with(|next: char| next.is_ascii_digit()))
}

fn wrong_answers(checkout: &Checkout, exercise: &Exercise) -> Vec<PathBuf> {
    below(&checkout.path(exercise.wrong_answers()))
}

/// The first lines of a wrong answer, for this check only.
struct Header {
    diagnosis: String,
    made_by: String,
}

impl Header {
    fn read(file: &Path) -> Result<Header> {
        let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        Ok(Header::parse(&text))
    }

    fn parse(text: &str) -> Header {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix("//! ")?.strip_prefix(name));
        let value = |name: &str| field(name).unwrap_or_default().trim().to_string();
        Header { diagnosis: value("diagnosis:"), made_by: value("made by:") }
    }
}

fn in_words(examined: &Examined) -> String {
    match examined {
        Examined::Judged { judgement, .. } => format!("{judgement:#?}"),
        Examined::DoesNotCompile(errors) => format!("doesn't compile:\n{errors}"),
        Examined::NotOneFile(why) => why.clone(),
        Examined::Blocked(why) => format!("blocked: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_number_is_another_exercise() {
        assert!(says("`cargo wb check 1.1`, or later", "cargo wb check 1.1") && says("check 1.1", "check 1.1"));
        assert!(!says("cargo wb check 1.10\n", "cargo wb check 1.1"));
    }

    #[test]
    fn the_header_of_a_wrong_answer_names_its_diagnosis_and_who_makes_it() {
        let header = Header::parse("//! diagnosis: renamed-the-host\n//! made by: many\n//! more\n\nuse x;\n");
        assert_eq!((header.diagnosis.as_str(), header.made_by.as_str()), ("renamed-the-host", "many"));
        assert!(Header::parse("use x;\n").made_by.is_empty());
    }
}
