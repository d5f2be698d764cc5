//! The command line.

use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use ch01_namespaces::narration::TourFlags;
use ch01_namespaces::{StoreFlags, Verb, report};
use clap::{Parser, Subcommand};

use crate::engine::{Engine, Local};
use crate::verbs;

/// Chapter 6: a container's life
///
/// Without a command: the tour, which shows a container in the background: its log, a command in
/// it, its end.
#[derive(Parser)]
#[command(name = "ch06-containers", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    tour: TourFlags,
    #[command(subcommand)]
    command: Option<Verbs>,
}

/// What can be done with containers, wherever the engine is: chapters 7 and 8 take it over.
#[derive(Subcommand)]
pub enum EngineVerbs {
    /// Run a command in a new container.
    ///
    /// In the foreground, the command uses your input, output and signals, and its exit status is
    /// returned. Special exit statuses: 125, the container could not be made; 126, the command can't be
    /// executed; 127, the command doesn't exist; 128+N, signal N killed the command.
    #[command(
        after_help = "Examples:\n  run -it --rm hostbox sh\n  run -d --name web -p 8080:80 hostbox sh -c 'sleep 60'"
    )]
    Run(Box<verbs::Run>),
    /// Create a container without starting it. Prints its id.
    Create(Box<verbs::Create>),
    Start(verbs::Start),
    Stop(verbs::Stop),
    Restart(verbs::Restart),
    Kill(verbs::Kill),
    Wait(verbs::Wait),
    Pause(verbs::Pause),
    Unpause(verbs::Unpause),
    Rename(verbs::Rename),
    Rm(verbs::Rm),
    Ps(verbs::Ps),
    Logs(verbs::Logs),
    Attach(verbs::Attach),
    Exec(Box<verbs::ExecVerb>),
    Inspect(verbs::Inspect),
    Top(verbs::Top),
    Port(verbs::PortVerb),
    Diff(verbs::DiffVerb),
    Export(verbs::Export),
    /// Manage containers.
    #[command(subcommand)]
    Container(Container),
    #[command(subcommand)]
    Volume(verbs::VolumeVerb),
}

/// All that can be done. What is not in [`EngineVerbs`] is about this machine.
#[derive(Subcommand)]
pub enum Verbs {
    #[command(flatten)]
    Engine(EngineVerbs),
    Commit(verbs::CommitVerb),
    #[command(subcommand)]
    Network(ch05_network::verbs::NetworkVerb),
    #[command(subcommand)]
    Layer(ch04_unionfs::verbs::Layer),
    Info(ch04_unionfs::verbs::Info),
    Stats(ch03_cgroups::verbs::Stats),
    /// A helper: the parent of a container.
    #[command(hide = true)]
    Shim {
        id: String,
        /// Whether its starter wants to be told each step.
        #[arg(long)]
        explain: bool,
    },
    /// A helper: carries connections to published ports.
    #[command(hide = true)]
    PortProxy {
        /// The network is in a namespace that comes along.
        #[arg(long)]
        in_namespace: bool,
        /// The rules that end with the container.
        #[arg(long)]
        table: Option<String>,
        targets: Vec<SocketAddrV4>,
    },
    /// A helper: becomes the program that is the way out of a user's networks.
    #[command(hide = true)]
    NetworkWayOut {
        holder: i32,
    },
    /// A helper: keeps a user's networks.
    #[command(hide = true)]
    NetworkHolder {
        state: PathBuf,
    },
}

/// Verbs about all containers.
#[derive(Subcommand)]
pub enum Container {
    Prune(verbs::Prune),
    /// The same as `ps`.
    Ls(verbs::Ps),
}

impl EngineVerbs {
    /// Does it with this engine.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        match self {
            EngineVerbs::Run(run) => verbs::as_our_failure(run.act(engine)),
            EngineVerbs::Create(create) => verbs::as_our_failure(create.act(engine)),
            EngineVerbs::Start(verb) => verb.act(engine),
            EngineVerbs::Stop(verb) => verb.act(engine),
            EngineVerbs::Restart(verb) => verb.act(engine),
            EngineVerbs::Kill(verb) => verb.act(engine),
            EngineVerbs::Wait(verb) => verb.act(engine),
            EngineVerbs::Pause(verb) => verb.act(engine),
            EngineVerbs::Unpause(verb) => verb.act(engine),
            EngineVerbs::Rename(verb) => verb.act(engine),
            EngineVerbs::Rm(verb) => verb.act(engine),
            EngineVerbs::Ps(verb) | EngineVerbs::Container(Container::Ls(verb)) => verb.act(engine),
            EngineVerbs::Logs(verb) => verb.act(engine),
            EngineVerbs::Attach(verb) => verb.act(engine),
            EngineVerbs::Exec(verb) => verb.act(engine),
            EngineVerbs::Inspect(verb) => verb.act(engine),
            EngineVerbs::Top(verb) => verb.act(engine),
            EngineVerbs::Port(verb) => verb.act(engine),
            EngineVerbs::Diff(verb) => verb.act(engine),
            EngineVerbs::Export(verb) => verb.act(engine),
            EngineVerbs::Container(Container::Prune(verb)) => verb.act(engine),
            EngineVerbs::Volume(verb) => verb.act(engine),
        }
    }
}

impl Verb for Verbs {
    fn act(self, store: &StoreFlags) -> Result<u8> {
        match self {
            Verbs::Engine(verb) => verb.act(&Local::open(store)?),
            Verbs::Commit(verb) => verb.act(store),
            Verbs::Network(verb) => verb.act(store),
            Verbs::Layer(verb) => verb.act(store),
            Verbs::Info(verb) => verb.act(store),
            Verbs::Stats(verb) => {
                let local = Local::open(store)?;
                verb.act_on(|names| local.counted(names))
            }
            Verbs::Shim { id, explain } => crate::shim::run(store, &id, explain),
            Verbs::PortProxy { in_namespace, table, targets } => {
                ch05_network::ports::proxy::run(&targets, in_namespace, table)
            }
            Verbs::NetworkWayOut { holder } => ch05_network::rootless::run_way_out(holder),
            Verbs::NetworkHolder { state } => ch05_network::rootless::run_holder(store, &state),
        }
    }
}

/// The program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help for a reader that went away is no failure.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 125 } else { 0 });
        }
    };
    let act = || match cli.command {
        None => crate::tour::tour(&cli.tour, &cli.store),
        Some(verb) => verb.act(&cli.store),
    };
    ExitCode::from(act().unwrap_or_else(|error| report(&error)))
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
