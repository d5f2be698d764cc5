//! Builds the program of one exercise with one answer in it.

use std::fs::{self, File, Permissions};
use std::mem;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context, Result};
use exercise::Exercise;
use serde_json::Value;

use crate::cargo::{cargo, executable, has_place, messages, rendered};
use crate::checkout::Checkout;
use crate::progress::fingerprint;
use crate::sources::{Foreign, foreign, prerequisites};
use crate::{prebuilt, running};

/// What came of a build.
#[derive(Debug)]
pub enum Compiled {
    /// The program, with the compiler's warnings about it as they would be shown.
    Program { executable: Executable, warnings: String },
    /// The compiler's errors in the answer, as they would be shown.
    Errors(String),
    /// The answer isn't to blame: no linker, no network, something else in the checkout that
    /// doesn't build.
    Failed(String),
    /// It compiles, but out of files that don't belong in it.
    Foreign(Foreign),
}

/// A copy of a program that no later build replaces; dropped, it is removed.
#[derive(Debug)]
pub struct Executable(PathBuf);

impl Executable {
    pub fn new(path: PathBuf) -> Executable {
        Executable(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Isn't removed: whoever needs it outlives this value.
    pub fn keep(mut self) -> PathBuf {
        // What is dropped has no path any more.
        mem::take(&mut self.0)
    }
}

impl Drop for Executable {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A file that only this user can open: whoever can open one can lock it, and a class shares a
/// machine.
fn lock_file(path: &Path) -> std::io::Result<File> {
    let file = File::options().create(true).write(true).truncate(false).mode(0o600).open(path)?;
    // One of an older version may be there.
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// Builds the program of `exercise` around `answer`: the learner's own file, or another that stands
/// in for it.
pub fn compile(checkout: &Checkout, exercise: &Exercise, answer: &Path, colour: bool) -> Result<Compiled> {
    if let Some(compiled) = prebuilt::read(exercise.name, answer)? {
        return Ok(compiled);
    }
    let target = checkout.target();
    fs::create_dir_all(&target).with_context(|| format!("making the directory {}", target.display()))?;
    // Between a build and the copy of what it made, no other one may put its own in the place.
    let lock = lock_file(&target.join("one-at-a-time")).context("making the build's lock file")?;
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
    Ok(Compiled::Program { executable: set_aside(checkout, &program, exercise)?, warnings })
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

fn cargo_build(checkout: &Checkout, exercise: &Exercise, answer: &Path, colour: bool) -> Result<Output> {
    let mut cargo = cargo();
    cargo.current_dir(checkout.top()).args(["build", "--package", &exercise.package(), "--bin", exercise.name]);
    // Without the checks: they are a program of their own, and an answer can't call into them.
    cargo.args(["--no-default-features", "--features", "answers", "--target-dir"]).arg(checkout.target());
    cargo.arg(if colour { "--message-format=json-diagnostic-rendered-ansi" } else { "--message-format=json" });
    // The learner's own file is the default, so that an editor's build finds the same fingerprint.
    let own = checkout.path(exercise.file());
    cargo.env("CORACLE_ANSWER", if answer == own { Path::new("") } else { answer });
    // Where times would deceive cargo (a file moved into place is older than the last build), the text
    // tells.
    let text = fs::read_to_string(answer).unwrap_or_default();
    cargo.env("CORACLE_FINGERPRINT", fingerprint(&text).to_string());
    cargo.output().context("starting cargo")
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

fn set_aside(checkout: &Checkout, program: &Path, exercise: &Exercise) -> Result<Executable> {
    let copy = Executable(running::place(checkout, exercise.name)?);
    fs::copy(program, copy.path()).with_context(|| format!("copying {}", program.display()))?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builds_lock_can_be_opened_by_us_alone() {
        let path = std::env::temp_dir().join(format!("coracle-lock-{}", std::process::id()));
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let mode = lock_file(&path).map(|file| file.metadata().unwrap().permissions().mode());
        fs::remove_file(&path).unwrap();
        assert_eq!(mode.unwrap() & 0o777, 0o600);
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
}
