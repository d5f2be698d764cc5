//! Chapter 1's part of the command line.

use anyhow::Result;
use clap::Subcommand;

use crate::command_line::{Chapter, Verb};
use crate::flags::{NamespaceFlags, StoreFlags};
use crate::narration::TourFlags;
use crate::{tour, view};

/// Chapter 1.
pub struct Namespaces;

impl Chapter for Namespaces {
    const NAME: &'static str = "ch01-namespaces";
    const ABOUT: &'static str = "Chapter 1: a process in namespaces of its own\n\n\
        Without a command: the tour, which shows what a process in new namespaces sees, and the evidence.";
    const RUN_EXAMPLES: &'static str = "run -- sh\n\
        run --hostname boat -- hostname\n\
        run --namespaces user,uts --explain -- true";
    type Flags = NamespaceFlags;
    type Verbs = Verbs;

    fn tour(flags: &TourFlags, store: &StoreFlags) -> Result<u8> {
        tour::tour(flags, store)
    }
}

/// Verbs besides those that all chapters have.
#[derive(Subcommand)]
pub enum Verbs {
    /// What the tour runs in its container: report what is seen there as JSON, and stay until stdin
    /// ends.
    #[command(hide = true)]
    ShowNamespaces {
        /// First make a System V message queue.
        #[arg(long)]
        with_ipc_object: bool,
    },
}

impl Verb for Verbs {
    fn act(self, _: &StoreFlags) -> Result<u8> {
        let Verbs::ShowNamespaces { with_ipc_object } = self;
        view::look_and_stay(with_ipc_object).map(|()| 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        crate::command_line::command::<Namespaces>().debug_assert();
    }
}
