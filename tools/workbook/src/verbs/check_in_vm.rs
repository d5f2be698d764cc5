//! `cargo wb check --vm`: builds here, and lets a workbook in the throwaway machine judge. For machines that refuse what the checks
//! need.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use nix::unistd::{getegid, geteuid};
use vm::Machine;

use crate::checkout::Checkout;
use crate::cli::Format;
use crate::compile::{Compiled, compile};
use crate::progress::Progress;
use crate::state::Standing;
use crate::{Exit, exercises, prebuilt};

pub fn run(checkout: &Checkout, id: Option<&str>, format: Format) -> Result<Exit> {
    let progress = Progress::load(checkout)?;
    let chosen = match id {
        Some(id) => vec![exercises::find(id)?],
        None => exercises::all(),
    };
    let machine = Machine::find(None)?;
    let builds = Builds::begin()?;
    let mut programs = Vec::new();
    for exercise in chosen {
        let standing = Standing::of(checkout, exercise, &progress)?;
        let Some(answer) = standing.answer.filter(|_| id.is_some() || !standing.untouched) else { continue };
        let compiled = compile(checkout, exercise, &checkout.path(exercise.file()), false)?;
        prebuilt::write(&builds.0, exercise.name, &answer, &compiled)?;
        programs.push(compiled);
    }
    if !programs.iter().any(|compiled| matches!(compiled, Compiled::Program { .. })) {
        // Nothing to run: what there is to say can be said here.
        return super::check::run(checkout, id, format);
    }
    fs::create_dir_all(checkout.kept()).context("making the folder for passed answers")?;
    eprintln!("cargo wb: checking in a throwaway machine ({})", machine.acceleration());
    let own = env::current_exe().context("finding this program")?;
    let mut command = as_who_we_are(geteuid().as_raw(), getegid().as_raw());
    command.extend([own.into(), "check".into()]);
    command.extend(id.map(Into::into));
    command.extend(["--format".into(), if format == Format::Json { "json" } else { "text" }.into()]);
    let run = machine.command(command).visible(&builds.0).visible(checkout.top()).writable(checkout.kept());
    let mut run = run.env(prebuilt::VARIABLE, &builds.0).env("HOME", "/tmp");
    for program in &programs {
        if let Compiled::Program { executable, .. } = program {
            run = run.visible(executable.path());
        }
    }
    Ok(Exit::Command(run.run()? as u8))
}

/// An ordinary user's answer is checked as an ordinary user's, and may write to that user's files.
fn as_who_we_are(uid: u32, gid: u32) -> Vec<std::ffi::OsString> {
    if uid == 0 {
        return Vec::new();
    }
    let (uid, gid) = (uid.to_string(), gid.to_string());
    ["setpriv", "--reuid", &uid, "--regid", &gid, "--clear-groups", "--"].map(Into::into).to_vec()
}

/// A folder for what came of the builds; dropped, it is removed.
struct Builds(PathBuf);

impl Builds {
    fn begin() -> Result<Builds> {
        let folder = env::temp_dir().join(format!("coracle-wb-{}", std::process::id()));
        fs::create_dir(&folder).with_context(|| format!("making the folder {}", folder.display()))?;
        Ok(Builds(folder))
    }
}

impl Drop for Builds {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_stays_root_and_others_stay_themselves() {
        assert!(as_who_we_are(0, 0).is_empty());
        assert_eq!(as_who_we_are(1000, 100)[1..5], ["--reuid", "1000", "--regid", "100"]);
    }
}
