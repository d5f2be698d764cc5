//! The verbs that every chapter has besides `run`: each a struct of flags that knows how to act.
//! Later chapters take them into their own command lines one by one.

use std::ffi::OsString;

use anyhow::Result;
use clap::Args;
use nix::sys::signal::Signal;

use crate::flags::{ExplainFlag, StoreFlags};
use crate::program::report;
use crate::state::State;
use crate::store::Store;
use crate::target::Target;
use crate::{container, enter, inspect, ps, removal, sys};

/// Start a container that was created.
#[derive(Args)]
pub struct Start {
    #[command(flatten)]
    explain: ExplainFlag,
    /// Its name, its id, or the beginning of its id.
    container: String,
}

impl Start {
    /// Starts it.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        self.explain.begin();
        container::start(&store.open()?, &self.container).map(|()| 0)
    }
}

/// Remove a container and all that was made for it.
#[derive(Args)]
pub struct Rm {
    /// Kill it first if it is alive.
    #[arg(long, short)]
    force: bool,
    /// Names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Rm {
    /// Removes them. One that can't be removed doesn't keep the others.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        let store = store.open()?;
        let failures = self.containers.iter().filter_map(|name| removal::remove(&store, name, self.force).err());
        Ok(failures.map(|error| report(&error)).max().unwrap_or(0))
    }
}

/// Run a command in the namespaces of a container or any process.
///
/// One setns(2) joins all namespaces of the target that differ from yours. The command starts in /,
/// with the environment of the target, and your TERM. The exit status is the command's.
#[derive(Args)]
pub struct Enter {
    #[command(flatten)]
    explain: ExplainFlag,
    /// A process id (any number is one); or a container's name, id, or the beginning of its id.
    target: String,
    /// The command and its arguments.
    #[arg(required = true, trailing_var_arg = true)]
    command: Vec<OsString>,
}

impl Enter {
    /// Whom to enter, as it was typed.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Begins the narration.
    pub fn begin(&self) {
        self.explain.begin();
    }

    /// Enters.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        Ok(enter::enter(&Target::named(&self.target, || store.open())?, self.command)?.code())
    }
}

/// Show the namespaces of a container or any process, its id maps, and its processes as seen from
/// inside and outside.
#[derive(Args)]
pub struct Inspect {
    /// A process id (any number is one); or a container's name, id, or the beginning of its id
    /// [default: this process].
    target: Option<String>,
    /// `json` for one object: pid, namespaces (kind, inode, shared, owner, manual), uid_map, gid_map,
    /// setgroups, processes (pid, inside, parent, name).
    #[arg(long, value_enum, default_value_t = ps::Format::Table)]
    format: ps::Format,
}

impl Inspect {
    /// Prints it.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let target = self.target.map_or_else(Target::myself, |name| Target::named(&name, || store.open()))?;
        inspect::inspect(&target, self.format).map(|()| 0)
    }
}

/// List containers.
#[derive(Args)]
pub struct Ps {
    /// `json` for one array of objects: id, name, status, pid, created (seconds since 1970), command.
    #[arg(long, value_enum, default_value_t = ps::Format::Table)]
    format: ps::Format,
    /// Print only ids.
    #[arg(long, short)]
    quiet: bool,
}

impl Ps {
    /// Prints them. A chapter that knows more of a container than whether it is alive gives its status
    /// in one word.
    pub fn act(self, store: &StoreFlags, known: impl Fn(&Store, &State) -> Option<&'static str>) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let store = store.open()?;
        ps::list(&store, self.format, self.quiet, |state| known(&store, state)).map(|()| 0)
    }
}

/// For verbs that only print: `ps | head` ends by SIGPIPE. (Elsewhere Rust's "ignore" stays: a
/// closed stderr shall end nobody half-way.)
pub fn end_quietly_in_a_pipe() -> Result<()> {
    sys::set_ignored(Signal::SIGPIPE, false)?;
    Ok(())
}
