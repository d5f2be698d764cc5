//! Chapter 3's part of the command line.

use std::path::Path;

use anyhow::Result;
use ch01_namespaces::narration::TourFlags;
use ch01_namespaces::{Chapter, State, Store, StoreFlags, Verb};
use clap::Subcommand;

use crate::cgroup::Cgroup;
use crate::flags::Flags;
use crate::{enter, freezer, oom_report, tour, verbs};

/// Chapter 3.
pub struct Cgroups;

impl Chapter for Cgroups {
    const NAME: &'static str = "ch03-cgroups";
    const ABOUT: &'static str = "Chapter 3: limits, with control groups\n\n\
        Without a command: the tour, which shows a container held to a fifth of a processor, to 64 MB and to 20 processes, \
        and the kernel's own counters.";
    const RUN_EXAMPLES: &'static str = "run --memory 64m --cpus 0.5 -- sh\n\
        run --pids-limit 20 --explain -- sh\n\
        run --device-read-bps /dev/sda:1m -v ./data:/data -- cat /data/big";
    type Flags = Flags;
    type Verbs = Verbs;

    fn tour(flags: &TourFlags, store: &StoreFlags) -> Result<u8> {
        tour::tour(flags, store)
    }

    fn before_joining(store: &Store, name: &str) -> Result<()> {
        enter::join_cgroups_of(store, name)
    }

    /// The kernel halts a frozen container's processes, which are alive all the same.
    fn status(store: &Store, state: &State) -> Option<&'static str> {
        let cgroup = Cgroup::read(&store.directory_of(state)).ok()??;
        (state.is_alive() && freezer::is_frozen(&cgroup)).then_some("frozen")
    }

    fn after_the_end(state_directory: &Path) {
        oom_report::report_oom(state_directory);
    }
}

/// Verbs besides those that all chapters have.
#[derive(Subcommand)]
pub enum Verbs {
    #[command(flatten)]
    Earlier(ch02_rootfs::Verbs),
    Stats(verbs::Stats),
    Freeze(verbs::Freeze),
    Thaw(verbs::Thaw),
    Events(verbs::Events),
    Update(Box<verbs::Update>),
    Ls(verbs::Ls),
}

impl Verb for Verbs {
    fn act(self, store: &StoreFlags) -> Result<u8> {
        match self {
            Verbs::Earlier(verb) => verb.act(store),
            Verbs::Stats(stats) => stats.act(store),
            Verbs::Freeze(freeze) => freeze.act(store),
            Verbs::Thaw(thaw) => thaw.act(store),
            Verbs::Events(events) => events.act(store),
            Verbs::Update(update) => update.act(store),
            Verbs::Ls(ls) => ls.act(store),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        ch01_namespaces::command::<Cgroups>().debug_assert();
    }
}
