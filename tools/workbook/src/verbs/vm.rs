//! `cargo wb vm`: the program of the package `vm`. It is built when it is asked for, which few learners do.

use std::env;
use std::ffi::OsString;
use std::io::{IsTerminal, stderr};
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::Exit;
use crate::cargo::{as_we_were_built, cargo};
use crate::checkout::Checkout;

/// Becomes that program, by way of cargo, which also becomes what it runs: so the terminal, signals and exit code are its own.
pub fn run(checkout: &Checkout) -> Result<Exit> {
    // What cargo builds in silence, and the machine's boot, take long enough to be wondered at.
    if stderr().is_terminal() {
        eprintln!("cargo wb: the throwaway machine is built and boots: some seconds, half a minute without KVM");
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
    let mut cargo = cargo();
    cargo.args(["run", "--quiet", "--package", "vm", "--manifest-path"]).arg(checkout.path("Cargo.toml"));
    cargo.args(as_we_were_built()).arg("--");
    cargo
}
