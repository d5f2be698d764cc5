//! `cargo wb`: the workbook. It says what is next, checks answers by what the kernel shows, and
//! helps on.

mod built;
mod busy;
mod cargo;
mod checkout;
mod checks;
mod cli;
mod compile;
mod dev;
mod examine;
mod exercises;
mod files;
mod paint;
mod prebuilt;
mod progress;
mod running;
mod sources;
mod starter;
mod state;
mod verbs;

use std::process::ExitCode;

use anyhow::Result;

use crate::checkout::Checkout;
use crate::cli::{Dev, Verb};

fn main() -> ExitCode {
    match run(cli::parse()) {
        Ok(exit) => exit.into(),
        Err(error) if error.is::<BrokenPipe>() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo wb: {error:#}");
            let wrongly_called = error.is::<exercises::Unknown>() || error.is::<exercises::NoneIsNext>();
            if wrongly_called { Exit::Usage.into() } else { Exit::Blocked.into() }
        }
    }
}

fn run(verb: Verb) -> Result<Exit> {
    let checkout = Checkout::find()?;
    match verb {
        Verb::Next { format } => verbs::next::run(&checkout, format),
        Verb::Check { id, vm: true, format } => verbs::check_in_vm::run(&checkout, id.as_deref(), format),
        Verb::Check { id, vm: false, format } => verbs::check::run(&checkout, id.as_deref(), format),
        Verb::Watch { id } => verbs::watch::run(&checkout, id.as_deref()),
        Verb::Hint { id } => verbs::hint::run(&checkout, id.as_deref()),
        Verb::Reset { id } => verbs::reset::run(&checkout, id.as_deref()),
        Verb::Solution { id, yes } => verbs::solution::run(&checkout, id.as_deref(), yes),
        Verb::Doctor { format } => verbs::doctor::run(format),
        Verb::Vm => verbs::vm::run(&checkout),
        Verb::Dev(Dev::Starters { force }) => dev::starters::run(&checkout, force),
        Verb::Dev(Dev::Hostile) => dev::hostile::run(&checkout),
        Verb::Dev(Dev::Mutants { id }) => dev::mutants::run(&checkout, id.as_deref()),
        Verb::Dev(Dev::Check { with_answers }) => dev::check(&checkout, with_answers),
    }
}

/// How the workbook ends; see `cargo wb --help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Well,
    Failing,
    Usage,
    Blocked,
    /// As a command did that was run for the caller.
    Command(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Well => 0,
            Exit::Failing => 1,
            Exit::Usage => 2,
            Exit::Blocked => 3,
            Exit::Command(code) => code,
        })
    }
}

/// Whoever read our output has gone (`cargo wb check | head -1`): no error to talk about.
#[derive(Debug)]
pub struct BrokenPipe;

impl std::fmt::Display for BrokenPipe {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        out.write_str("the reader of our output has gone")
    }
}

impl std::error::Error for BrokenPipe {}

/// Writes `text` to stdout, whole.
pub fn print(text: &str) -> Result<()> {
    use std::io::{ErrorKind, Write};
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(BrokenPipe.into()),
        result => Ok(result?),
    }
}
