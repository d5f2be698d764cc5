// mydocker: the container runtime that you write, one function an exercise. `run.rs` is the whole
// of it. (`solved.rs` includes this file, so this is no `//!`.)

mod arguments;
mod background;
mod building;
mod exec;
mod images;
mod in_lab;
mod limits;
mod list;
mod load;
mod logs;
mod ports;
mod pull;
mod record;
mod refused;
mod run;
mod steps;
mod store;
mod whole;

/// The functions that `run` calls: yours where you have passed the exercise, else lent from the
/// solutions. (For `solved.rs`: the solutions.)
mod answers {
    include!(concat!(env!("OUT_DIR"), "/", env!("CARGO_CRATE_NAME"), "/answers.rs"));
}

use std::io::{IsTerminal, stdin};
use std::process::ExitCode;

use anyhow::Context;
use doctor::Report;

use crate::arguments::{Asked, HELP, parse};

/// What Docker ends with when the error is its own, not the command's.
const OURS: u8 = 125;

fn main() -> ExitCode {
    lab::enter_if_asked();
    match parse(std::env::args_os().skip(1)) {
        Ok(Asked::Help) => {
            println!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Asked::Run(container)) => {
            if !container.lab
                && !goes_to_background(&container)
                && let Err(error) = protect()
            {
                return ended(Err(error), None);
            }
            // The lab asks for itself.
            let report = (!container.lab).then(doctor::examine);
            ended(start(&container), report.as_ref())
        }
        Ok(asked) => ended(act(asked), None),
        Err(error) => {
            eprintln!("mydocker: {error}\nTry: mydocker --help");
            ExitCode::from(OURS)
        }
    }
}

/// All that makes no container. Returns what to exit with.
fn act(asked: Asked) -> anyhow::Result<i32> {
    match asked {
        Asked::Help | Asked::Run(_) => {}
        Asked::Exec(asked) => {
            has_input(asked.terminal)?;
            protect()?;
            return exec::exec(&asked);
        }
        Asked::Pause(asked) => exec::pause(&asked)?,
        Asked::Stop(asked) => exec::stop(&asked)?,
        Asked::Ps(all) => print!("{}", list::ps(all)?),
        Asked::Logs(asked) => logs::logs(&asked)?,
        Asked::Remove(container) => record::remove(&container)?,
        Asked::KeepLog(name, words) => return background::keep_log(&name, &words),
        Asked::Diff(container) => images::diff(&container)?,
        Asked::Import(asked) => images::import(&asked)?,
        Asked::Load => load::load()?,
        Asked::Pull(name) => pull::pull(&name)?,
        Asked::Build(asked) => building::build(&asked)?,
    }
    Ok(0)
}

/// As the command did, or with what says why there was none; `report` is about the machine as it
/// was found before.
fn ended(result: anyhow::Result<i32>, report: Option<&Report>) -> ExitCode {
    match result {
        Ok(code) => ExitCode::from(code as u8),
        Err(error) => {
            eprintln!("mydocker: {error:#}");
            let refused = || report.and_then(|report| refused::reason(&error, report));
            if let Some(reason) = refused::no_groups(&error).or_else(refused) {
                eprintln!("{reason}");
            }
            ExitCode::from(given::exit_code_for_error(&error))
        }
    }
}

/// Its processes in a container must not show a program that could be written to, nor the caller's
/// environment.
fn protect() -> anyhow::Result<()> {
    given::start_from_sealed_copy("mydocker")
}

/// Whether a terminal is there, if the container is to have one of its own.
fn has_input(terminal: bool) -> anyhow::Result<()> {
    anyhow::ensure!(!terminal || stdin().is_terminal(), "the input device is not a TTY: leave -t out");
    Ok(())
}

/// Whether this process only starts the one that makes the container.
fn goes_to_background(container: &arguments::Container) -> bool {
    container.detached && !container.in_background
}

/// The container's exit code.
fn start(container: &arguments::Container) -> anyhow::Result<i32> {
    let container = &with_command(container)?;
    has_input(container.terminal)?;
    if !container.in_lab && !container.in_background {
        eprintln!("mydocker: {}", steps::summary(steps::STEPS));
        if list::runs(&container.name) {
            eprintln!("mydocker: another container is called {}; exec will ask for the PID", container.name);
        }
    }
    for volume in &container.volumes {
        let source = &volume.source;
        source.metadata().with_context(|| format!("the volume's source {} is not available", source.display()))?;
    }
    if container.lab && goes_to_background(container) {
        eprintln!(
            "mydocker: runs in the lab, a simulated host that ends with the container (--no-lab: on this machine)"
        );
    } else if container.in_lab && !container.in_background {
        eprintln!("mydocker: runs in the lab, a simulated host (--no-lab: on this machine)");
    }
    if goes_to_background(container) {
        return background::start(container);
    }
    let listeners = ports::listeners(container)?;
    if container.lab { match in_lab::enter(container, &listeners)? {} } else { run::run(container, listeners) }
}

/// Without a command it is the image's.
fn with_command(container: &arguments::Container) -> anyhow::Result<arguments::Container> {
    let mut container = container.clone();
    if let Some(image) = container.image.as_ref().filter(|_| container.command.is_empty()) {
        let command = store::store()?.command(image)?;
        anyhow::ensure!(!command.is_empty(), "the image {image} has no command: mydocker run --image {image} sh");
        container.command = command.into_iter().map(Into::into).collect();
    }
    Ok(container)
}
