//! Builds the program of one exercise with one answer in it.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use checker::Exercise;
use serde_json::Value;

use crate::checkout::Checkout;
use crate::prebuilt;
use crate::progress::fingerprint;
use crate::sources::{Foreign, foreign, prerequisites};

/// What came of a build.
#[derive(Debug)]
pub enum Compiled {
    /// The program, with the compiler's warnings about it as they would be shown.
    Program { executable: Executable, warnings: String },
    /// The compiler's errors in the answer, as they would be shown.
    Errors(String),
    /// The answer isn't to blame: no linker, no network, something else in the checkout that doesn't build.
    Failed(String),
    /// It compiles, but out of files that don't belong in it.
    Foreign(Foreign),
}

/// A copy of a program that no later build replaces; dropped, it is removed.
#[derive(Debug)]
pub struct Executable(PathBuf);

impl Executable {
    pub fn at(path: PathBuf) -> Executable {
        Executable(path)
    }

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
    if let Some(compiled) = prebuilt::read(exercise.name, answer)? {
        return Ok(compiled);
    }
    let target = checkout.target();
    fs::create_dir_all(&target).with_context(|| format!("making the folder {}", target.display()))?;
    // Between a build and the copy of what it made, no other one may put its own in the place.
    let lock = File::create(target.join("one-at-a-time")).context("making the build's lock file")?;
    lock.lock().context("waiting for another `cargo wb` to finish its build")?;

    let built = cargo_build(checkout, exercise, answer, colour)?;
    let messages = messages(&built.stdout);
    if !built.status.success() {
        return Ok(failure(&messages, exercise.name, &String::from_utf8_lossy(&built.stderr)));
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

fn failure(messages: &[Value], name: &str, said_by_cargo: &str) -> Compiled {
    let in_answer = |message: &&Value| message["target"]["name"] == name && has_place(message);
    let errors: String = messages.iter().filter_map(rendered).collect();
    if messages.iter().filter(|message| message["message"]["level"] == "error").any(|message| in_answer(&message)) {
        Compiled::Errors(errors)
    } else {
        Compiled::Failed(format!("{errors}{said_by_cargo}"))
    }
}

fn has_place(message: &Value) -> bool {
    message["message"]["spans"].as_array().is_some_and(|spans| !spans.is_empty())
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
    // Where times would deceive cargo (a file moved into place is older than the last build), the text tells.
    let text = fs::read_to_string(answer).unwrap_or_default();
    cargo.env("CORACLE_FINGERPRINT", fingerprint(&text).to_string());
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
    let worth_it = diagnostic["level"] == "error" || has_place(message);
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
    remove_leftovers(&folder);
    // Several may be looked at at once; the last part says who is to remove it.
    static COPIES: AtomicU32 = AtomicU32::new(0);
    let number = COPIES.fetch_add(1, Ordering::Relaxed);
    let copy = Executable(folder.join(format!("{}-{number}-{}", exercise.name, std::process::id())));
    fs::copy(program, copy.path()).with_context(|| format!("copying {}", program.display()))?;
    Ok(copy)
}

/// A check that was interrupted leaves its copy; its process is gone.
fn remove_leftovers(folder: &Path) {
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = file.file_name();
        let owner = name.to_str().and_then(|name| name.rsplit_once('-')).map(|(_, pid)| Path::new("/proc").join(pid));
        if owner.is_some_and(|process| !process.exists()) {
            let _ = fs::remove_file(file.path());
        }
    }
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
    fn only_an_error_with_a_place_in_the_answer_is_the_answers() {
        let message = |name: &str, spans: Value| {
            serde_json::json!({"target": {"name": name},
                "message": {"level": "error", "rendered": "error: …", "spans": spans}})
        };
        let judged = |message: Value| failure(&[message], "hostname", "error: could not compile");
        assert!(matches!(judged(message("hostname", serde_json::json!([{}]))), Compiled::Errors(_)));
        let no_linker = judged(message("hostname", serde_json::json!([])));
        assert!(matches!(no_linker, Compiled::Failed(why) if why.contains("could not compile")));
        assert!(matches!(judged(message("given", serde_json::json!([{}]))), Compiled::Failed(_)));
        assert!(matches!(failure(&[], "hostname", "no network"), Compiled::Failed(_)));
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
