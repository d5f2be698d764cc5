//! `cargo wb vm`: the program of the package `vm`. It is built when it is asked for, which few
//! learners do.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::Exit;
use crate::busy::Busy;
use crate::cargo::{as_we_were_built, cargo};
use crate::checkout::Checkout;

/// Becomes that program, by way of cargo, which also becomes what it runs: so the terminal, signals
/// and exit code are its own.
pub fn run(checkout: &Checkout) -> Result<Exit> {
    if let Some(busy) = Busy::with("building the throwaway machine's program …") {
        // By itself, for whoever looks on: in silence it would be wondered at. Whether it can be built is
        // said below.
        let _ = cargo_for(checkout, "build").stdout(Stdio::null()).stderr(Stdio::null()).status();
        drop(busy);
    }
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
    let mut cargo = cargo_for(checkout, "run");
    cargo.arg("--");
    cargo
}

fn cargo_for(checkout: &Checkout, verb: &str) -> Command {
    let mut cargo = cargo();
    cargo.args([verb, "--quiet", "--package", "vm", "--manifest-path"]).arg(checkout.path("Cargo.toml"));
    cargo.args(as_we_were_built());
    cargo
}
