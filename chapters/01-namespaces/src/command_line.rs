//! The command line that all chapters share: its verbs, and the steps from flags to a container.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::container::Spec;
use crate::design::Design;
use crate::failure::{Failure, exit};
use crate::flags::{RunFlags, StoreFlags};
use crate::mechanism::Mechanism;
use crate::narration::TourFlags;
use crate::own_binary;
use crate::program::{create_and_leave, report, run_and_look_back};
use crate::state::State;
use crate::store::Store;
use crate::verbs::{self, end_quietly_in_a_pipe};

/// What a chapter adds to the command line.
pub trait Chapter: Sized {
    /// The program's name, such as `ch02-rootfs`.
    const NAME: &'static str;
    /// What `--help` says first: one line, an empty line, and what the tour shows.
    const ABOUT: &'static str;
    /// Examples for `run --help`, one a line.
    const RUN_EXAMPLES: &'static str;
    /// What follows the flags of `run` and `create`: from chapter 4 on, an image comes first.
    const OPERANDS: Operands = Operands { names: &["COMMAND"], help: "The command and its arguments" };

    /// The flags of `run` and `create`, those of earlier chapters included.
    type Flags: Args + ContainerFlags;
    /// The verbs besides those that all chapters have, those of earlier chapters included.
    type Verbs: Subcommand + Verb;

    /// What the program does without a verb.
    fn tour(flags: &TourFlags, store: &StoreFlags) -> Result<u8>;

    /// Before `enter` joins the container called `name`: what has to be joined besides its namespaces.
    fn before_joining(_store: &Store, _name: &str) -> Result<()> {
        Ok(())
    }

    /// A container's status in one word, where the chapter knows more of it than whether its process is
    /// alive.
    fn status(_store: &Store, _state: &State) -> Option<&'static str> {
        None
    }

    /// After the end of a container that `run` started, before its state directory is removed.
    fn after_the_end(_state_directory: &Path) {}
}

/// See [`Chapter::OPERANDS`].
pub struct Operands {
    /// As shown in the usage line; the last one may be repeated.
    pub names: &'static [&'static str],
    /// As shown in the help.
    pub help: &'static str,
}

/// Flags from which a container is designed.
pub trait ContainerFlags {
    /// Gets this process the rights that the design needs, before anything is made: it may move to a
    /// cgroup that is delegated to it, or start this program again there (and then doesn't return).
    fn delegate(&mut self, _design: &Design) -> Result<()> {
        Ok(())
    }

    /// Decides this chapter's part, then passes the design on to the flags of the chapter before.
    fn plan(self, design: &mut Design) -> Result<()>;
}

/// A verb: flags that know how to act.
pub trait Verb {
    /// Acts, and returns the exit status.
    fn act(self, store: &StoreFlags) -> Result<u8>;
}

#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Cli<C: Chapter> {
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    tour: TourFlags,
    #[command(subcommand)]
    command: Option<Command<C>>,
}

#[derive(Subcommand)]
enum Command<C: Chapter> {
    /// Run a command in a new container, and remove the container when it ends.
    ///
    /// The command uses your input, output and signals, and its exit status is returned. Special exit
    /// statuses: 125, the container could not be made; 126, the command can't be executed; 127, the
    /// command doesn't exist; 128+N, signal N killed the command.
    Run(NewContainer<C>),
    /// Make a container that waits at its start gate. Prints its id.
    ///
    /// The container uses your input and output. If one of them is a pipe, the container gets /dev/null
    /// instead. Otherwise the other end of the pipe would wait until the container ends.
    Create(NewContainer<C>),
    Start(verbs::Start),
    Rm(verbs::Rm),
    Enter(verbs::Enter),
    Inspect(verbs::Inspect),
    Ps(verbs::Ps),
    #[command(flatten)]
    Own(C::Verbs),
}

/// What `run` and `create` are given.
#[derive(Args)]
struct NewContainer<C: Chapter> {
    #[command(flatten)]
    run: RunFlags,
    #[command(flatten)]
    flags: C::Flags,
    #[arg(required = true, trailing_var_arg = true)]
    operands: Vec<OsString>,
}

// ANCHOR: plan
impl<C: Chapter> NewContainer<C> {
    /// From flags to a container, in the same steps in all chapters: narrate, delegate, plan. The last
    /// step makes it.
    fn plan(mut self, store: &StoreFlags, foreground: bool) -> Result<(Spec, Vec<Box<dyn Mechanism>>)> {
        self.run.explain.begin();
        // Decided before a chapter may go into a user namespace, where we are root.
        store.state_root();
        let mut design = Design::new(store, self.operands, foreground);
        design.spec.name = self.run.name;
        design.spec.init = self.run.init;
        self.flags.delegate(&design)?;
        self.flags.plan(&mut design)?;
        Ok((design.spec, design.mechanisms))
    }
}
// ANCHOR_END: plan

/// Parses the command line, acts, and reports an error on stderr. Exit statuses are Docker's: 125
/// for a command line that is wrong and for all that goes wrong before a command runs.
pub fn main<C: Chapter>() -> ExitCode {
    let parsed = command::<C>().try_get_matches().and_then(|matches| Cli::<C>::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // Help for a reader that went away is no failure.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::OURS } else { 0 });
        }
    };
    ExitCode::from(act(cli).unwrap_or_else(|error| report(&error)))
}

/// The command line of a chapter, as clap describes it.
pub fn command<C: Chapter>() -> clap::Command {
    let line = C::ABOUT.lines().next().unwrap_or_default();
    let operands = |command: clap::Command| {
        command.mut_arg("operands", |arg| arg.value_names(C::OPERANDS.names).help(C::OPERANDS.help))
    };
    let examples =
        format!("Examples:\n{}", C::RUN_EXAMPLES.lines().fold(String::new(), |all, one| all + "  " + one + "\n"));
    Cli::<C>::command()
        .name(C::NAME)
        .about(line)
        .long_about(C::ABOUT)
        .mut_subcommand("run", |run| operands(run).after_help(examples.trim_end().to_string()))
        .mut_subcommand("create", operands)
}

fn act<C: Chapter>(cli: Cli<C>) -> Result<u8> {
    let store = &cli.store;
    // A container must not reach the file of the program that makes it.
    if let Some(Command::Run(_) | Command::Create(_) | Command::Enter(_)) = &cli.command {
        own_binary::protect()?;
    }
    match cli.command {
        None => {
            end_quietly_in_a_pipe()?;
            C::tour(&cli.tour, store)
        }
        Some(Command::Run(new)) => as_our_failure(
            new.plan(store, true)
                .and_then(|(spec, mechanisms)| run_and_look_back(&store.open()?, spec, mechanisms, C::after_the_end)),
        ),
        Some(Command::Create(new)) => as_our_failure(
            new.plan(store, false).and_then(|(spec, mechanisms)| create_and_leave(&store.open()?, spec, mechanisms)),
        ),
        Some(Command::Start(start)) => start.act(store),
        Some(Command::Rm(rm)) => rm.act(store),
        Some(Command::Enter(enter)) => as_our_failure(join_and_enter::<C>(enter, store)),
        Some(Command::Inspect(inspect)) => inspect.act(store),
        Some(Command::Ps(ps)) => ps.act(store, C::status),
        Some(Command::Own(verb)) => verb.act(store),
    }
}

fn join_and_enter<C: Chapter>(enter: verbs::Enter, store: &StoreFlags) -> Result<u8> {
    enter.begin();
    // A number is a process, which belongs to no container of ours.
    if enter.target().parse::<i32>().is_err() {
        C::before_joining(&store.open()?, enter.target())?;
    }
    enter.act(store)
}

/// For verbs whose exit status is a command's: a failure of ours must not look like the command's
/// own status 1.
fn as_our_failure(result: Result<u8>) -> Result<u8> {
    result.map_err(|error| match Failure::from_error(&error) {
        failure if failure.exit_code == 1 => Failure { exit_code: exit::OURS, ..failure }.into(),
        _ => error,
    })
}
