//! The checks of a chapter: a program of their own, built when something of that chapter is
//! checked. Whoever does nothing but read and edit never waits for them, and a new chapter makes no
//! older one's slower.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use exercise::Exercise;
use judgement::{Judgement, Report};

use crate::built::Built;
use crate::cargo::{as_we_were_built, cargo, executable, messages, rendered};
use crate::checkout::Checkout;
use crate::prebuilt;

/// What came of building them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checks {
    Program(PathBuf),
    /// Why there is none, in cargo's words.
    Failed(String),
}

/// Whether there is nothing to build.
pub fn are_built(checkout: &Checkout, exercise: &Exercise) -> bool {
    Built::find(checkout, exercise).up_to_date().is_some()
}

/// The checks of `exercise` and its whole chapter, built at most once by this process.
pub fn build(checkout: &Checkout, exercise: &Exercise) -> Result<Checks> {
    static BUILT: Mutex<BTreeMap<&str, Checks>> = Mutex::new(BTreeMap::new());
    // Held meanwhile: of several that want the same ones, the first builds.
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(checks) = built.get(exercise.chapter) {
        return Ok(checks.clone());
    }
    let checks = match prebuilt::read_checks(exercise)? {
        Some(checks) => checks,
        None => build_anew(checkout, exercise)?,
    };
    built.insert(exercise.chapter, checks.clone());
    Ok(checks)
}

fn build_anew(checkout: &Checkout, exercise: &Exercise) -> Result<Checks> {
    let built = Built::find(checkout, exercise);
    if let Some(program) = built.up_to_date() {
        return Ok(Checks::Program(program));
    }
    let begun = SystemTime::now();
    let mut cargo = cargo();
    cargo.current_dir(checkout.top()).args(["build", "--message-format=json"]);
    // Beside the workbook, and as one build with it: then what both need is built with the same
    // features, and is there already.
    cargo.args(["--package", "workbook", "--package", &exercise.package(), "--bin", &exercise.checks()]);
    cargo.args(["--no-default-features", "--features", &format!("{}/checks", exercise.package())]);
    let ended = cargo.args(as_we_were_built()).output().context("starting cargo")?;
    let messages = messages(&ended.stdout);
    if !ended.status.success() {
        let errors: String = messages.iter().filter_map(rendered).collect();
        return Ok(Checks::Failed(format!("{errors}{}", String::from_utf8_lossy(&ended.stderr))));
    }
    let program = messages.iter().find_map(|message| executable(message, &exercise.checks()));
    let program = program.context("cargo built the checks, but didn't say where they are")?;
    built.note(begun)?;
    Ok(Checks::Program(program))
}

/// Has the program of checks judge a built answer.
///
/// # Errors
/// As the check's own: [`judgement::Blocked`] where the machine refuses what it needs.
pub fn judge(checks: &Path, exercise: &Exercise, answer: &Path) -> Result<Judgement> {
    let mut command = Command::new(checks);
    // With us as the parent without whom it shall not live.
    command.arg(exercise.name).arg(answer).arg(std::process::id().to_string()).stdin(Stdio::null());
    let ended = command.output().with_context(|| format!("starting {}", checks.display()))?;
    let told = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "{}\n{}", ended.status, told.trim());
    // Whatever an author's check writes there.
    eprint!("{told}");
    let said = Report::from_json(&ended.stdout).context("what the program of checks printed")?;
    said.result(exercise)
}
