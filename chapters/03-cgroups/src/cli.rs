//! The command line.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use ch01_namespaces::telling::TourFlags;
use ch01_namespaces::{
    Mechanism, NamespaceFlags, RunFlags, Spec, State, Store, StoreFlags, create_and_leave, run_and_look_back,
    run_program, verbs,
};
use ch02_rootfs::RootFlags;
use clap::{Args, Parser, Subcommand};

use crate::flags::{GroupFlags, with_cgroup_namespace};
use crate::group::Group;
use crate::look_back::look_back;
use crate::verbs as own;
use crate::{enter, freezer, tour};

/// Chapter 3: limits, with control groups.
///
/// Without a command: the tour, which shows a container held to a fifth of a processor, to 64 MB and to 20 processes, and the
/// kernel's own counters.
#[derive(Parser)]
#[command(name = "ch03-cgroups", version, max_term_width = 100)]
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
    #[command(after_help = "Examples:\n  run --memory 64m --cpus 0.5 -- sh\n  run --pids-limit 20 --explain -- sh\n  \
                            run --device-read-bps /dev/sda:1m -v ./data:/data -- cat /data/big")]
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
    Rootfs(ch02_rootfs::Rootfs),
    Stats(own::Stats),
    Freeze(own::Freeze),
    Thaw(own::Thaw),
    Events(own::Events),
    Update(own::Update),
    Ls(own::Ls),
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
    #[command(flatten)]
    groups: GroupFlags,
    /// The command and its arguments.
    #[arg(required = true, trailing_var_arg = true)]
    command: Vec<OsString>,
}

impl NewContainer {
    // ANCHOR: plan
    fn plan(self, store: &StoreFlags, foreground: bool) -> Result<(Spec, Vec<Box<dyn Mechanism>>)> {
        let namespaces = with_cgroup_namespace(self.namespaces);
        // Narrated from here on: a group may already be needed to make groups in.
        let spec = self.run.spec(self.command, foreground);
        let groups = self.groups.mechanisms(&namespaces)?;
        let mut mechanisms = self.root.mechanisms(&namespaces, || store.open())?;
        mechanisms.extend(groups);
        Ok((self.root.environment(spec, namespaces.hostname.as_deref())?, mechanisms))
    }
    // ANCHOR_END: plan
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
            run_and_look_back(&store.open()?, spec, mechanisms, look_back)
        }
        Some(Command::Create(new)) => {
            let (spec, mechanisms) = new.plan(store, false)?;
            create_and_leave(&store.open()?, spec, mechanisms)
        }
        Some(Command::Start(start)) => start.act(store),
        Some(Command::Rm(rm)) => rm.act(store),
        Some(Command::Enter(verb)) => {
            enter::join_groups_of(&store.open()?, verb.target())?;
            verb.act(store)
        }
        Some(Command::Inspect(inspect)) => inspect.act(store),
        Some(Command::Ps(ps)) => ps.act_knowing(store, frozen),
        Some(Command::Rootfs(rootfs)) => rootfs.act(),
        Some(Command::Stats(stats)) => stats.act(store),
        Some(Command::Freeze(freeze)) => freeze.act(store),
        Some(Command::Thaw(thaw)) => thaw.act(store),
        Some(Command::Events(events)) => events.act(store),
        Some(Command::Update(update)) => update.act(store),
        Some(Command::Ls(ls)) => ls.act(store),
    }
}

/// What the kernel says of a container's groups, for `ps`.
fn frozen(store: &Store, state: &State) -> Option<&'static str> {
    let group = Group::read(&store.folder_of(state)).ok()??;
    (state.is_alive() && freezer::is_frozen(&group)).then_some("frozen")
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
