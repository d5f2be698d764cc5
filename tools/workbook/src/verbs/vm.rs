//! `cargo wb vm`: the program of the package `vm`. It is built when it is asked for, which few learners do.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::Exit;
use crate::cargo::cargo;
use crate::checkout::Checkout;

/// Becomes that program, by way of cargo, which also becomes what it runs: so the terminal, signals and exit code are its own.
pub fn run(checkout: &Checkout) -> Result<Exit> {
    // As they were typed: clap would take a `--` away.
    let words = env::args_os().skip_while(|word| word != "vm").skip(1);
    become_it(checkout, words)
}

/// Returns only when that fails.
pub fn become_it(checkout: &Checkout, words: impl IntoIterator<Item = OsString>) -> Result<Exit> {
    Err(program(checkout).args(words).exec()).context("starting cargo")
}

/// A command that runs it.
pub fn program(checkout: &Checkout) -> Command {
    let mut cargo = cargo();
    cargo.args(["run", "--quiet", "--package", "vm", "--manifest-path"]).arg(checkout.path("Cargo.toml"));
    cargo.args(built_like(&env::current_exe().unwrap_or_default())).arg("--");
    cargo
}

/// The arguments by which cargo finds what it has built for `program` already: TARGET/PROFILE/workbook.
fn built_like(program: &Path) -> Vec<OsString> {
    let mut folders = program.ancestors().skip(1);
    match (folders.next().and_then(Path::file_name), folders.next()) {
        (Some(profile), Some(target)) if profile == "debug" || profile == "release" => {
            let profile = if profile == "debug" { "dev" } else { "release" };
            vec!["--profile".into(), profile.into(), "--target-dir".into(), target.into()]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_told_where_and_how_this_program_was_built() {
        assert_eq!(built_like(Path::new("/t/debug/workbook")), ["--profile", "dev", "--target-dir", "/t"]);
        assert_eq!(built_like(Path::new("/t/release/workbook")), ["--profile", "release", "--target-dir", "/t"]);
        assert!(built_like(Path::new("/usr/bin/workbook")).is_empty());
        assert!(built_like(Path::new("")).is_empty());
    }
}
