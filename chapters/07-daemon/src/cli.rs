//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail};
use ch01_namespaces::narration::TourFlags;
use ch01_namespaces::{StoreFlags, Verb, report, say};
use clap::{Args, Parser, Subcommand};

use crate::api::images::LayersAsImages;
use crate::client::Remote;
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
    #[command(flatten)]
    host: HostFlag,
    #[command(subcommand)]
    command: Option<Verbs>,
}

/// Which engine does what is asked.
#[derive(Args, Debug, Clone, Default)]
pub struct HostFlag {
    /// Use the daemon at unix:///PATH [default: DOCKER_HOST; without both, no daemon is used]
    #[arg(short = 'H', long, value_name = "ADDRESS")]
    host: Option<String>,
}

impl HostFlag {
    /// The daemon's address, if one is to be asked.
    pub fn address(&self) -> Option<String> {
        let given = self.host.clone().or_else(|| std::env::var("DOCKER_HOST").ok());
        given.filter(|address| !address.is_empty())
    }
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
/// Every user who may connect to the socket has all privileges of the daemon's user.
#[derive(Args)]
pub struct DaemonVerb {
    /// Listen on unix:///PATH. May be repeated [default: the socket that systemd has passed, or
    /// docker.sock in the state root]
    #[arg(short = 'H', long, value_name = "ADDRESS")]
    pub host: Vec<String>,
    /// The group that may also connect to the socket.
    #[arg(short = 'G', long, value_name = "NAME")]
    pub group: Option<String>,
    /// Write the daemon's process id to this file.
    #[arg(short, long, value_name = "FILE")]
    pub pidfile: Option<PathBuf>,
}

impl Verbs {
    // ANCHOR: act
    /// Does it: with a daemon, if one is named, and otherwise in this process.
    fn act(self, store: &StoreFlags, host: Option<String>) -> Result<u8> {
        match (self, host) {
            (Verbs::Daemon(verb), _) => daemon::run(store, &verb, Arc::new(LayersAsImages), Vec::new()).map(|()| 0),
            (Verbs::Engine(verb), None) => verb.act(store),
            (Verbs::Engine(verb), Some(host)) => ask_daemon(verb, store, &host),
        }
    }
    // ANCHOR_END: act
}

/// Has a daemon do it. A verb about this machine is refused rather than done somewhere else.
pub fn ask_daemon(verb: ch06_containers::Verbs, store: &StoreFlags, host: &str) -> Result<u8> {
    use ch06_containers::Verbs as Known;
    match verb {
        Known::Engine(verb) => verb.act(&Remote::new(host)?),
        Known::Network(verb) => verb.act_on(&Remote::new(host)?),
        Known::Stats(verb) => {
            let remote = Remote::new(host)?;
            verb.act_on(|names| remote.counted(names))
        }
        Known::Commit(verb) => {
            say!("{}", Remote::new(host)?.commit(&verb.container, &verb.name)?);
            Ok(0)
        }
        // Our own helpers; they are started with the environment that we have.
        Known::Shim { .. } | Known::PortProxy { .. } | Known::NetworkWayOut { .. } | Known::NetworkHolder { .. } => {
            verb.act(store)
        }
        _ => bail!(
            "this can't be asked of the daemon at {host}\ncause: it is about this machine, and not in the Engine API of \
             this client\ncure: leave --host and DOCKER_HOST out, and run it where the daemon runs, as its user"
        ),
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
        Some(verb) => verb.act(&cli.store, cli.host.address()),
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
