//! Builds the program of one exercise with one answer in it.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result};
use checker::Exercise;
use serde_json::Value;

use crate::checkout::Checkout;
use crate::sources::{Foreign, foreign, prerequisites};

/// What came of a build.
#[derive(Debug)]
pub enum Compiled {
    /// The program, with the compiler's warnings about it as they would be shown.
    Program { executable: Executable, warnings: String },
    /// The compiler's errors, as they would be shown.
    Errors(String),
    /// It compiles, but out of files that don't belong in it.
    Foreign(Foreign),
}

/// A copy of a program that no later build replaces; dropped, it is removed.
#[derive(Debug)]
pub struct Executable(PathBuf);

impl Executable {
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Executable {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Builds the program of `exercise` around `answer`: the learner's own file, or another that stands in for it.
pub fn compile(checkout: &Checkout, exercise: &Exercise, answer: &Path, colour: bool) -> Result<Compiled> {
    let target = checkout.target();
    fs::create_dir_all(&target).with_context(|| format!("making the folder {}", target.display()))?;
    // Between a build and the copy of what it made, no other one may put its own in the place.
    let lock = File::create(target.join("one-at-a-time")).context("making the build's lock file")?;
    lock.lock().context("waiting for another `cargo wb` to finish its build")?;

    let built = cargo_build(checkout, exercise, answer, colour)?;
    let messages = messages(&built.stdout);
    if !built.status.success() {
        let errors: String = messages.iter().filter_map(rendered).collect();
        // Where the compiler said nothing it was cargo that failed: no linker, no network, a broken manifest.
        let errors = if errors.is_empty() { String::from_utf8_lossy(&built.stderr).into_owned() } else { errors };
        return Ok(Compiled::Errors(errors));
    }
    let program = messages.iter().find_map(|message| executable(message, exercise.name));
    let program = program.context("cargo built the program, but didn't say where it is")?;
    if let Some(foreign) = foreign_source(checkout, &program, answer)? {
        return Ok(Compiled::Foreign(foreign));
    }
    let of_answer = messages.iter().filter(|message| message["target"]["name"] == exercise.name);
    let warnings = of_answer.filter_map(rendered).collect();
    Ok(Compiled::Program { executable: set_aside(&target, &program, exercise)?, warnings })
}

fn cargo_build(checkout: &Checkout, exercise: &Exercise, answer: &Path, colour: bool) -> Result<Output> {
    let mut cargo = cargo();
    cargo.current_dir(checkout.top()).args(["build", "--package", &exercise.package(), "--bin", exercise.name]);
    // Without the checks: they are the workbook's, and an answer can't call into them.
    cargo.arg("--no-default-features").arg("--target-dir").arg(checkout.target());
    cargo.arg(if colour { "--message-format=json-diagnostic-rendered-ansi" } else { "--message-format=json" });
    // The learner's own file is the default, so that an editor's build finds the same fingerprint.
    let own = checkout.path(exercise.file());
    cargo.env("CORACLE_ANSWER", if answer == own { Path::new("") } else { answer });
    cargo.output().context("starting cargo")
}

/// The cargo that runs this program, else the one in PATH.
pub fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// cargo's messages, one JSON object a line.
fn messages(stdout: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(stdout).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// A compiler's message as the compiler would have shown it; not its closing "aborting due to 2 previous errors".
fn rendered(message: &Value) -> Option<String> {
    let diagnostic = &message["message"];
    let has_place = diagnostic["spans"].as_array().is_some_and(|spans| !spans.is_empty());
    let worth_it = diagnostic["level"] == "error" || has_place;
    let text = diagnostic["rendered"].as_str().filter(|_| worth_it)?;
    (!text.contains("aborting due to") && !text.contains("For more information about")).then(|| text.to_string())
}

fn executable(message: &Value, name: &str) -> Option<PathBuf> {
    let is_ours = message["reason"] == "compiler-artifact" && message["target"]["name"] == name;
    message["executable"].as_str().filter(|_| is_ours).map(PathBuf::from)
}

fn foreign_source(checkout: &Checkout, program: &Path, answer: &Path) -> Result<Option<Foreign>> {
    let list = program.with_extension("d");
    let text = fs::read_to_string(&list).with_context(|| format!("reading {}", list.display()))?;
    let canonical = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let files: Vec<PathBuf> = prerequisites(&text).iter().map(|file| canonical(&checkout.path(file))).collect();
    // The answer's place, not what a link in its place leads to.
    let answer = answer.parent().map(canonical).unwrap_or_default().join(answer.file_name().unwrap_or_default());
    Ok(foreign(&files, &answer, checkout.top(), &canonical(&checkout.target())))
}

fn set_aside(target: &Path, program: &Path, exercise: &Exercise) -> Result<Executable> {
    let folder = target.join("run");
    fs::create_dir_all(&folder).with_context(|| format!("making the folder {}", folder.display()))?;
    let copy = Executable(folder.join(format!("{}-{}", exercise.name, std::process::id())));
    fs::copy(program, copy.path()).with_context(|| format!("copying {}", program.display()))?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_summary_of_the_compiler_is_left_out() {
        let error = serde_json::json!({"message": {"level": "error", "rendered": "error[E0308]: …", "spans": [{}]}});
        let closing =
            serde_json::json!({"message": {"level": "error", "rendered": "error: aborting due to 1 …", "spans": []}});
        let note = serde_json::json!({"message": {"level": "failure-note", "rendered": "For more …", "spans": []}});
        assert_eq!(rendered(&error).as_deref(), Some("error[E0308]: …"));
        assert_eq!(rendered(&closing), None);
        assert_eq!(rendered(&note), None);
    }

    #[test]
    fn lines_that_are_not_json_are_passed_over() {
        let found = messages(
            b"{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"x\"},\"executable\":\"/t/x\"}\nnoise\n",
        );
        assert_eq!(found.iter().find_map(|message| executable(message, "x")), Some(PathBuf::from("/t/x")));
        assert_eq!(found.iter().find_map(|message| executable(message, "y")), None);
    }
}
