//! The command line.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use nix::sys::signal::Signal;

use crate::container::{self, Container, Spec};
use crate::failure::{Failure, exit};
use crate::flags::{ExplainFlag, NamespaceFlags, RunFlags, StoreFlags};
use crate::mechanism::Mechanism;
use crate::store::Store;
use crate::target::Target;
use crate::{enter, inspect, look, ps, sys, tour};

/// Chapter 1: a process in namespaces of its own.
///
/// Without a command: the tour, which shows what a process in new namespaces sees, and the evidence.
#[derive(Parser)]
#[command(name = "ch01-namespaces", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    tour: tour::TourFlags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run a command in a new container, and remove the container when it ends.
    ///
    /// Input, output, signals and the exit status are the command's own. Statuses with a meaning: 125, the container could
    /// not be made; 126, the command can't be executed; 127, it is not there; 128+N, signal N killed it.
    #[command(after_help = "Examples:\n  run -- sh\n  run --hostname boat -- hostname\n  \
                            run --namespaces user,uts --explain -- true")]
    Run(NewContainer),
    /// Make a container that waits at its start gate. Prints its id.
    Create(NewContainer),
    /// Start a container that was created.
    Start {
        /// Its name, its id, or the beginning of its id.
        container: String,
    },
    /// Remove a container and all that was made for it.
    Rm {
        /// Kill it first if it is alive.
        #[arg(long, short)]
        force: bool,
        /// Names, ids, or beginnings of ids.
        #[arg(required = true)]
        containers: Vec<String>,
    },
    /// Run a command in the namespaces of a container or any process.
    ///
    /// All namespaces in which it is apart from you are joined, in one setns(2). The exit status is the command's.
    Enter {
        #[command(flatten)]
        explain: ExplainFlag,
        /// A process id; or a container's name, id, or the beginning of its id.
        target: String,
        /// The command and its arguments.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// Show the namespaces of a container or any process, its ids, and its processes as both sides see them.
    Inspect {
        /// A process id; or a container's name, id, or the beginning of its id [default: this process].
        target: Option<String>,
        /// `json` for one object: pid, namespaces (kind, inode, shared, owner, manual), uid_map, gid_map, setgroups,
        /// processes (pid, inside, parent, name).
        #[arg(long, value_enum, default_value_t = ps::Format::Table)]
        format: ps::Format,
    },
    /// What the tour runs in its container: look around, say it in JSON, stay until stdin ends.
    #[command(hide = true)]
    Look {
        /// First make a System V message queue.
        #[arg(long)]
        with_ipc_object: bool,
    },
    /// List containers.
    Ps {
        /// `json` for one array of objects: id, name, status, pid, created (seconds since 1970), command.
        #[arg(long, value_enum, default_value_t = ps::Format::Table)]
        format: ps::Format,
        /// Ids only.
        #[arg(long, short)]
        quiet: bool,
    },
}

/// What `run` and `create` are told.
#[derive(Args)]
struct NewContainer {
    #[command(flatten)]
    run: RunFlags,
    #[command(flatten)]
    namespaces: NamespaceFlags,
    /// The command and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// The program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            let of_run =
                std::env::args().nth(1).is_some_and(|word| ["run", "create", "enter"].contains(&word.as_str()));
            return ExitCode::from(match (error.use_stderr(), of_run) {
                (false, _) => 0,
                (true, true) => exit::OURS,
                (true, false) => 2,
            });
        }
    };
    match act(cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => ExitCode::from(report(&error)),
    }
}

/// Says what went wrong, and gives the exit status for it.
fn report(error: &anyhow::Error) -> u8 {
    let failure = Failure::of(error);
    eprintln!("ch01-namespaces: {failure}");
    failure.exit_code
}

fn act(cli: Cli) -> Result<u8> {
    let store = || cli.store.open();
    let only_prints = matches!(cli.command, None | Some(Command::Ps { .. } | Command::Inspect { .. }));
    if only_prints {
        // `ps | head` ends quietly. (Elsewhere Rust's "ignore" stays: nobody's closed stderr shall end us half-way.)
        sys::set_ignored(Signal::SIGPIPE, false)?;
    }
    match cli.command {
        None => tour::tour(&cli.tour),
        Some(Command::Run(new)) => {
            let mechanisms = new.namespaces.mechanisms(store)?;
            run_to_the_end(&store()?, new.run.spec(new.command, true), mechanisms)
        }
        Some(Command::Create(new)) => {
            let mechanisms = new.namespaces.mechanisms(store)?;
            let container = Container::create(&store()?, new.run.spec(new.command, false), mechanisms)?;
            println!("{}", container.leave());
            Ok(0)
        }
        Some(Command::Start { container }) => container::start(&store()?, &container).map(|()| 0),
        Some(Command::Rm { force, containers }) => {
            // One that can't be removed doesn't keep the others.
            let store = store()?;
            let failures = containers.iter().filter_map(|name| container::remove(&store, name, force).err());
            Ok(failures.map(|error| report(&error)).max().unwrap_or(0))
        }
        Some(Command::Enter { explain, target, command }) => {
            explain.begin();
            Ok(enter::enter(&Target::named(&target, store)?, command)?.code())
        }
        Some(Command::Inspect { target, format }) => {
            let target = target.map_or_else(Target::myself, |name| Target::named(&name, store))?;
            inspect::inspect(&target, format).map(|()| 0)
        }
        Some(Command::Look { with_ipc_object }) => look::look_and_stay(with_ipc_object).map(|()| 0),
        Some(Command::Ps { format, quiet }) => ps::list(&store()?, format, quiet).map(|()| 0),
    }
}

/// `create`, `start`, `wait`, `remove`: what every chapter's `run` does.
pub fn run_to_the_end(store: &Store, spec: Spec, mechanisms: Vec<Box<dyn Mechanism>>) -> Result<u8> {
    let mut container = Container::create(store, spec, mechanisms)?;
    let ended = container.start().and_then(|()| container.wait());
    container.remove()?;
    Ok(ended?.code())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
