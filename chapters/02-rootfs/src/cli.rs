//! Chapter 2's part of the command line.

use std::path::PathBuf;

use anyhow::Result;
use ch01_namespaces::narration::TourFlags;
use ch01_namespaces::{Chapter, StoreFlags, Verb};
use clap::Subcommand;

use crate::flags::Flags;
use crate::rootfs::Rootfs;
use crate::tour;

/// Chapter 2.
pub struct RootFileSystems;

impl Chapter for RootFileSystems {
    const NAME: &'static str = "ch02-rootfs";
    const ABOUT: &'static str = "Chapter 2: a root file system of its own\n\n\
        Without a command: the tour, which shows what a process sees as / before and after, and that what it writes \
        stays inside.";
    const RUN_EXAMPLES: &'static str = "run -- sh\n\
        run -v ./data:/data:ro -- ls /data\n\
        run --rootfs ./busybox --read-only --tmpfs /tmp -- sh";
    type Flags = Flags;
    type Verbs = Verbs;

    fn tour(flags: &TourFlags, store: &StoreFlags) -> Result<u8> {
        tour::tour(flags, store)
    }
}

/// Verbs besides those that all chapters have.
#[derive(Subcommand)]
pub enum Verbs {
    /// Make root file systems.
    #[command(subcommand)]
    Rootfs(Rootfs),
    /// What the tour runs in its container: report the root directory and the mounts as JSON.
    #[command(hide = true)]
    ShowRoot,
    /// What the tour tries in its container: leave a chroot.
    #[command(hide = true)]
    Escape { sentinel: PathBuf },
}

impl Verb for Verbs {
    fn act(self, _: &StoreFlags) -> Result<u8> {
        match self {
            Verbs::Rootfs(rootfs) => rootfs.act(),
            Verbs::ShowRoot => tour::look().map(|()| 0),
            Verbs::Escape { sentinel } => tour::escape(&sentinel).map(|()| 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        ch01_namespaces::command::<RootFileSystems>().debug_assert();
    }
}
