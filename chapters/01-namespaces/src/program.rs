//! What every chapter's `main` does around its command line.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::container::{Container, Spec};
use crate::failure::Failure;
use crate::mechanism::Mechanism;
use crate::store::Store;
use crate::width::visible;

/// Says what went wrong, and gives the exit status for it.
pub fn report(error: &anyhow::Error) -> u8 {
    let failure = Failure::from_error(error);
    // It may name what is in somebody's archive.
    let text: Vec<String> = failure.to_string().lines().map(visible).collect();
    let me = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&me).file_name().unwrap_or_default().display();
    // Not eprintln: it panics when stderr is a pipe that nobody reads.
    let _ = writeln!(std::io::stderr(), "{name}: {}", text.join("\n"));
    failure.exit_code
}

/// `create`, `start`, `wait`, `remove`: what every chapter's `run` does.
pub fn run_to_the_end(store: &Store, spec: Spec, mechanisms: Vec<Box<dyn Mechanism>>) -> Result<u8> {
    run_and_look_back(store, spec, mechanisms, |_| {})
}

/// The same, with a last look at the container's state directory before it is removed.
pub fn run_and_look_back(
    store: &Store,
    spec: Spec,
    mechanisms: Vec<Box<dyn Mechanism>>,
    look: impl FnOnce(&Path),
) -> Result<u8> {
    let mut container = Container::create(store, spec, mechanisms)?;
    let ended = container.start().and_then(|()| container.wait());
    if ended.is_ok() {
        look(container.directory());
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
