//! The command line.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::flags::{NamespaceFlags, RunFlags, StoreFlags};
use crate::program::{create_and_leave, run_program, run_to_the_end};
use crate::telling::TourFlags;
use crate::verbs::{self, end_quietly_in_a_pipe};
use crate::{tour, view};

/// Chapter 1: a process in namespaces of its own.
///
/// Without a command: the tour, which shows what a process in new namespaces sees, and the evidence.
#[derive(Parser)]
#[command(name = "ch01-namespaces", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    tour: TourFlags,
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
    ///
    /// Its input and output are yours, except for pipes: in their place it gets /dev/null, since nobody knows when it will let
    /// go of them.
    Create(NewContainer),
    Start(verbs::Start),
    Rm(verbs::Rm),
    Enter(verbs::Enter),
    Inspect(verbs::Inspect),
    Ps(verbs::Ps),
    /// What the tour runs in its container: look around, say it in JSON, stay until stdin ends.
    #[command(hide = true)]
    Look {
        /// First make a System V message queue.
        #[arg(long)]
        with_ipc_object: bool,
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
    #[arg(required = true, trailing_var_arg = true)]
    command: Vec<OsString>,
}

/// The program.
pub fn main() -> ExitCode {
    run_program(act)
}

fn act(cli: Cli) -> Result<u8> {
    let store = &cli.store;
    match cli.command {
        None => {
            end_quietly_in_a_pipe()?;
            tour::tour(&cli.tour, store)
        }
        Some(Command::Run(new)) => {
            let mechanisms = new.namespaces.mechanisms(|| store.open())?;
            run_to_the_end(&store.open()?, new.run.spec(new.command, true), mechanisms)
        }
        Some(Command::Create(new)) => {
            let mechanisms = new.namespaces.mechanisms(|| store.open())?;
            create_and_leave(&store.open()?, new.run.spec(new.command, false), mechanisms)
        }
        Some(Command::Start(start)) => start.act(store),
        Some(Command::Rm(rm)) => rm.act(store),
        Some(Command::Enter(enter)) => enter.act(store),
        Some(Command::Inspect(inspect)) => inspect.act(store),
        Some(Command::Ps(ps)) => ps.act(store),
        Some(Command::Look { with_ipc_object }) => view::look_and_stay(with_ipc_object).map(|()| 0),
    }
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
