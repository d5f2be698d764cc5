//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use ch01_namespaces::telling::TourFlags;
use ch01_namespaces::{
    Mechanism, NamespaceFlags, RunFlags, Spec, StoreFlags, create_and_leave, run_program, run_to_the_end, verbs,
};
use clap::{Args, Parser, Subcommand};

use crate::flags::RootFlags;
use crate::rootfs::Rootfs;
use crate::tour;

/// Chapter 2: a root file system of its own.
///
/// Without a command: the tour, which shows what a process sees as / before and after, and that what it writes stays inside.
#[derive(Parser)]
#[command(name = "ch02-rootfs", version, max_term_width = 100)]
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
    #[command(after_help = "Examples:\n  run -- sh\n  run -v ./data:/data:ro -- ls /data\n  \
                            run --rootfs ./busybox --read-only --tmpfs /tmp -- sh")]
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
    /// Make root file systems.
    #[command(subcommand)]
    Rootfs(Rootfs),
    /// What the tour runs in its container.
    #[command(hide = true)]
    Look,
    /// What the tour tries in its container.
    #[command(hide = true)]
    Escape {
        sentinel: PathBuf,
    },
}

/// What `run` and `create` are told.
#[derive(Args)]
struct NewContainer {
    #[command(flatten)]
    run: RunFlags,
    #[command(flatten)]
    namespaces: NamespaceFlags,
    #[command(flatten)]
    root: RootFlags,
    /// The command and its arguments.
    #[arg(required = true, trailing_var_arg = true)]
    command: Vec<OsString>,
}

impl NewContainer {
    fn plan(self, store: &StoreFlags, foreground: bool) -> Result<(Spec, Vec<Box<dyn Mechanism>>)> {
        let mechanisms = self.root.mechanisms(&self.namespaces, || store.open())?;
        let spec = self.run.spec(self.command, foreground);
        Ok((self.root.environment(spec, self.namespaces.hostname.as_deref())?, mechanisms))
    }
}

/// The program.
pub fn main() -> ExitCode {
    run_program(act)
}

fn act(cli: Cli) -> Result<u8> {
    let store = &cli.store;
    match cli.command {
        None => {
            verbs::end_quietly_in_a_pipe()?;
            tour::tour(&cli.tour, store)
        }
        Some(Command::Run(new)) => {
            let (spec, mechanisms) = new.plan(store, true)?;
            run_to_the_end(&store.open()?, spec, mechanisms)
        }
        Some(Command::Create(new)) => {
            let (spec, mechanisms) = new.plan(store, false)?;
            create_and_leave(&store.open()?, spec, mechanisms)
        }
        Some(Command::Start(start)) => start.act(store),
        Some(Command::Rm(rm)) => rm.act(store),
        Some(Command::Enter(enter)) => enter.act(store),
        Some(Command::Inspect(inspect)) => inspect.act(store),
        Some(Command::Ps(ps)) => ps.act(store),
        Some(Command::Rootfs(rootfs)) => rootfs.act(),
        Some(Command::Look) => tour::look().map(|()| 0),
        Some(Command::Escape { sentinel }) => tour::escape(&sentinel).map(|()| 0),
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
