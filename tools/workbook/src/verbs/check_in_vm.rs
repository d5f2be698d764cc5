//! `cargo wb check --vm`: builds here, and lets a workbook in the throwaway machine judge. For
//! machines that refuse what the checks need.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{IsTerminal, stderr};
use std::process::Stdio;

use anyhow::{Context, Result};
use nix::unistd::{getegid, geteuid};

use super::vm;
use crate::busy::Busy;
use crate::checkout::Checkout;
use crate::checks::{self, Checks};
use crate::cli::Format;
use crate::compile::{Compiled, compile};
use crate::paint::Paint;
use crate::progress::Progress;
use crate::state::Standing;
use crate::{Exit, exercises, prebuilt, running};

pub fn run(checkout: &Checkout, id: Option<&str>, format: Format) -> Result<Exit> {
    let progress = Progress::load(checkout)?;
    let colour = Paint::for_stdout().is_on() && format == Format::Text;
    let chosen = match id {
        Some(id) => vec![exercises::find(id)?],
        None => exercises::all(),
    };
    let busy = Busy::with("building the throwaway machine's program …");
    let found = find(checkout)?;
    drop(busy);
    let Some(how) = found else { return Ok(Exit::Blocked) };
    let builds = running::place(checkout, "builds")?;
    fs::create_dir(&builds).with_context(|| format!("making the directory {}", builds.display()))?;
    let mut programs = Vec::new();
    let mut checks = BTreeMap::new();
    for exercise in chosen {
        let standing = Standing::read(checkout, exercise, &progress)?;
        let Some(answer) = standing.answer.filter(|_| id.is_some() || !standing.untouched) else { continue };
        let compiled = compile(checkout, exercise, &checkout.path(exercise.file()), colour)?;
        prebuilt::write(&builds, exercise.name, &answer, &compiled)?;
        if let Compiled::Program { executable, .. } = compiled {
            programs.push(executable);
            let chapters = checks::build(checkout, exercise)?;
            prebuilt::write_checks(&builds, exercise, &chapters)?;
            checks.insert(exercise.chapter, chapters);
        }
    }
    if programs.is_empty() {
        // Nothing to run: what there is to say can be said here.
        let _ = fs::remove_dir_all(&builds);
        return super::check::run(checkout, id, format);
    }
    fs::create_dir_all(checkout.kept()).context("making the directory for passed answers")?;
    // At a terminal it says so itself.
    if !stderr().is_terminal() {
        eprintln!("cargo wb: a throwaway machine boots ({how}), and checks");
    }
    let mut words: Vec<OsString> =
        vec!["--visible".into(), checkout.top().into(), "--visible".into(), builds.clone().into()];
    let checks =
        checks.into_values().filter_map(|checks| if let Checks::Program(file) = checks { Some(file) } else { None });
    // They stay after us: we become the program that needs them.
    let answers = programs.into_iter().map(|program| program.keep());
    words.extend(answers.chain(checks).flat_map(|file| ["--visible".into(), file.into()]));
    words.extend([
        "--writable".into(),
        checkout.kept().into(),
        "--env".into(),
        variable(prebuilt::VARIABLE, builds.as_os_str()),
    ]);
    words.extend(["--env", "HOME=/tmp"].map(Into::into));
    if colour {
        // Its stdout is a pipe to here.
        words.extend(["--env", "CLICOLOR_FORCE=1"].map(Into::into));
    }
    if !geteuid().is_root() {
        // An ordinary user's answer is checked as an ordinary user's, and may write to that user's files.
        words.extend(["--user".into(), format!("{}:{}", geteuid(), getegid()).into()]);
    }
    words.push("--".into());
    words.extend([env::current_exe().context("finding this program")?.into(), "check".into()]);
    words.extend(id.map(Into::into));
    words.extend(["--format".into(), if format == Format::Json { "json" } else { "text" }.into()]);
    vm::become_it(checkout, words)
}

/// How the machine's processor is made; `None` where there can be no machine, and why was said.
/// Asked before anything is built.
fn find(checkout: &Checkout) -> Result<Option<String>> {
    let said = vm::program(checkout).arg("--find").stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let said = said.context("starting cargo")?;
    Ok(said.status.success().then(|| String::from_utf8_lossy(&said.stdout).trim().to_string()))
}

fn variable(name: &str, value: &OsStr) -> OsString {
    [name.as_ref(), "=".as_ref(), value].into_iter().collect()
}
