//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use ch01_namespaces::narration::TourFlags;
use ch01_namespaces::{StoreFlags, Verb, report};
use clap::{Args, Parser, Subcommand};

use crate::api::images::LayersAsImages;
use crate::daemon;

/// Chapter 7: the daemon and its client
///
/// Without a command: the tour, which talks to a daemon in raw HTTP.
#[derive(Parser)]
#[command(name = "ch07-daemon", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    tour: TourFlags,
    #[command(subcommand)]
    command: Option<Verbs>,
}

/// What can be done.
#[derive(Subcommand)]
pub enum Verbs {
    Daemon(DaemonVerb),
    #[command(flatten)]
    Engine(ch06_containers::Verbs),
}

/// Serve the Engine API, for the docker client and others: export DOCKER_HOST=unix://PATH
///
/// Whoever may open the socket may do everything that this user may: as root, everything.
#[derive(Args)]
pub struct DaemonVerb {
    /// Where to listen: unix:///PATH. May be repeated [default: docker.sock in the state root; a socket
    /// of systemd's, if it started us with one]
    #[arg(short = 'H', long, value_name = "ADDRESS")]
    pub host: Vec<String>,
    /// The group that may open the socket, too.
    #[arg(short = 'G', long, value_name = "NAME")]
    pub group: Option<String>,
    /// Write our process id here.
    #[arg(short, long, value_name = "FILE")]
    pub pidfile: Option<PathBuf>,
}

impl Verb for Verbs {
    fn act(self, store: &StoreFlags) -> Result<u8> {
        match self {
            Verbs::Daemon(verb) => daemon::run(store, &verb, Arc::new(LayersAsImages), Vec::new()).map(|()| 0),
            Verbs::Engine(verb) => verb.act(store),
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
