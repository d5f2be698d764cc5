//! Chapter 5's part of the command line.

use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};

use anyhow::Result;
use ch01_namespaces::narration::TourFlags;
use ch01_namespaces::{Chapter, Operands, State, Store, StoreFlags, Verb};
use ch04_unionfs::UnionFileSystems;
use clap::Subcommand;

use crate::flags::Flags;
use crate::{ports, rootless, tour, verbs};

/// Chapter 5.
pub struct Networking;

impl Chapter for Networking {
    const NAME: &'static str = "ch05-network";
    const ABOUT: &'static str = "Chapter 5: the network\n\n\
        Without a command: the tour, which shows the interfaces of two containers from inside and from outside, a ping \
        between them, a request to a published port, and which network namespace each network mode uses.";
    const RUN_EXAMPLES: &'static str = "run hostbox ip addr\n\
        run -p 8080:80 hostbox sh\n\
        run --network container:web hostbox ip addr\n\
        run --network none hostbox sh";
    const OPERANDS: Operands = UnionFileSystems::OPERANDS;
    type Flags = Flags;
    type Verbs = Verbs;

    fn tour(flags: &TourFlags, store: &StoreFlags) -> Result<u8> {
        tour::tour(flags, store)
    }

    fn before_joining(store: &Store, name: &str) -> Result<()> {
        UnionFileSystems::before_joining(store, name)
    }

    fn status(store: &Store, state: &State) -> Option<&'static str> {
        verbs::offline(store, state).or_else(|| UnionFileSystems::status(store, state))
    }

    fn after_the_end(state_directory: &Path) {
        UnionFileSystems::after_the_end(state_directory);
    }
}

/// Verbs besides those that all chapters have.
#[derive(Subcommand)]
pub enum Verbs {
    #[command(flatten)]
    Earlier(ch04_unionfs::Verbs),
    #[command(subcommand)]
    Network(verbs::NetworkVerb),
    Port(verbs::Port),
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

impl Verb for Verbs {
    fn act(self, store: &StoreFlags) -> Result<u8> {
        match self {
            Verbs::Earlier(verb) => verb.act(store),
            Verbs::Network(verb) => verb.act(store),
            Verbs::Port(port) => port.act(store),
            Verbs::PortProxy { in_namespace, table, targets } => ports::proxy::run(&targets, in_namespace, table),
            Verbs::NetworkWayOut { holder } => rootless::run_way_out(holder),
            Verbs::NetworkHolder { state } => rootless::run_holder(store, &state),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        ch01_namespaces::command::<Networking>().debug_assert();
    }
}
