//! Chapter 4's part of the command line.

use std::path::Path;

use anyhow::Result;
use ch01_namespaces::narration::TourFlags;
use ch01_namespaces::{Chapter, Operands, State, Store, StoreFlags, Verb};
use clap::Subcommand;

use crate::flags::Flags;
use crate::{tour, verbs};

/// Chapter 4.
pub struct UnionFileSystems;

impl Chapter for UnionFileSystems {
    const NAME: &'static str = "ch04-unionfs";
    const ABOUT: &'static str = "Chapter 4: layers, and the file system that unites them\n\n\
        Without a command: the tour, which shows two containers on one image: one deletes a file, one changes a file, and \
        the image stays as it is.";
    const RUN_EXAMPLES: &'static str = "run hostbox sh\n\
        run --storage-driver vfs hostbox ls /\n\
        run --rootfs ./busybox sh";
    const OPERANDS: Operands = Operands {
        names: &["IMAGE", "COMMAND"],
        help: "The image (a layer's name, or hostbox: this machine's own programs); then the command and its arguments. With \
               --rootfs only the command",
    };
    type Flags = Flags;
    type Verbs = Verbs;

    fn tour(flags: &TourFlags, store: &StoreFlags) -> Result<u8> {
        tour::tour(flags, store)
    }

    fn before_joining(store: &Store, name: &str) -> Result<()> {
        ch03_cgroups::Cgroups::before_joining(store, name)
    }

    fn status(store: &Store, state: &State) -> Option<&'static str> {
        ch03_cgroups::Cgroups::status(store, state)
    }

    fn after_the_end(state_directory: &Path) {
        ch03_cgroups::Cgroups::after_the_end(state_directory);
    }
}

/// Verbs besides those that all chapters have.
#[derive(Subcommand)]
pub enum Verbs {
    #[command(flatten)]
    Earlier(ch03_cgroups::Verbs),
    #[command(subcommand)]
    Layer(verbs::Layer),
    Diff(verbs::Diff),
    Commit(verbs::Commit),
    Info(verbs::Info),
}

impl Verb for Verbs {
    fn act(self, store: &StoreFlags) -> Result<u8> {
        match self {
            Verbs::Earlier(verb) => verb.act(store),
            Verbs::Layer(layer) => layer.act(store),
            Verbs::Diff(diff) => diff.act(store),
            Verbs::Commit(commit) => commit.act(store),
            Verbs::Info(info) => info.act(store),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        ch01_namespaces::command::<UnionFileSystems>().debug_assert();
    }
}
