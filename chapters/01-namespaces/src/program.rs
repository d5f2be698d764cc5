//! What every chapter's `main` does around its command line.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use crate::container::{Container, Spec};
use crate::failure::{Failure, exit};
use crate::mechanism::Mechanism;
use crate::own_binary;
use crate::store::Store;

/// Parses the command line, acts, reports an error on stderr, and gives Docker's exit statuses: 125 for what goes wrong
/// with a container before its command runs, 2 for other command lines that are wrong.
pub fn run_program<Cli: Parser>(act: impl FnOnce(Cli) -> Result<u8>) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help for a reader that went away is no failure.
            let _ = error.print();
            return ExitCode::from(match (error.use_stderr(), makes_a_process()) {
                (false, _) => 0,
                (true, true) => exit::OURS,
                (true, false) => 2,
            });
        }
    };
    let act = |cli| {
        if makes_a_process() {
            own_binary::protect()?;
        }
        act(cli)
    };
    ExitCode::from(act(cli).unwrap_or_else(|error| match report(&error) {
        // Else it would look like the command's own.
        1 if makes_a_process() => exit::OURS,
        code => code,
    }))
}

/// Whether the verb is one whose exit status is a command's.
fn makes_a_process() -> bool {
    let mut args = std::env::args_os().skip(1);
    while let Some(arg) = args.next() {
        match arg.to_str() {
            // Its value follows.
            Some("--root") => drop(args.next()),
            Some(flag) if flag.starts_with('-') => {}
            verb => return matches!(verb, Some("run" | "create" | "enter")),
        }
    }
    false
}

/// Says what went wrong, and gives the exit status for it.
pub fn report(error: &anyhow::Error) -> u8 {
    let failure = Failure::of(error);
    let me = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&me).file_name().unwrap_or_default().display();
    // Not eprintln: it panics when stderr is a pipe that nobody reads.
    let _ = writeln!(std::io::stderr(), "{name}: {failure}");
    failure.exit_code
}

/// `create`, `start`, `wait`, `remove`: what every chapter's `run` does.
pub fn run_to_the_end(store: &Store, spec: Spec, mechanisms: Vec<Box<dyn Mechanism>>) -> Result<u8> {
    run_and_look_back(store, spec, mechanisms, |_| {})
}

/// The same, with a last look at the container's state folder before it is removed.
pub fn run_and_look_back(
    store: &Store,
    spec: Spec,
    mechanisms: Vec<Box<dyn Mechanism>>,
    look: impl FnOnce(&Path),
) -> Result<u8> {
    let mut container = Container::create(store, spec, mechanisms)?;
    let ended = container.start().and_then(|()| container.wait());
    if ended.is_ok() {
        look(container.folder());
    }
    // The command's status is what the caller waits for, also when something is left behind.
    if let Err(left) = container.remove() {
        report(&left.context("the container could not be removed"));
    }
    Ok(ended?.code())
}

/// What every chapter's `create` does: the container waits for its start, and its id is printed.
pub fn create_and_leave(store: &Store, spec: Spec, mechanisms: Vec<Box<dyn Mechanism>>) -> Result<u8> {
    let container = Container::create(store, spec, mechanisms)?;
    match writeln!(std::io::stdout(), "{}", container.id()) {
        Ok(()) => drop(container.leave()),
        // Nobody would know of it.
        Err(error) => {
            container.remove()?;
            return Err(error).context("cannot print the container's id");
        }
    }
    Ok(0)
}
