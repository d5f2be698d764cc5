//! The verbs of this chapter: each a struct of flags that knows how to act.

use anyhow::Result;
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use ch01_namespaces::{ExplainFlag, StoreFlags, report};
use clap::{Args, ValueEnum};

use crate::cgroup::Cgroup;
use crate::controller::Controller;
use crate::flags::LimitFlags;
use crate::table::Counted;
use crate::{freezer, table, tree, update, watch};

/// How something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns, for people.
    Table,
    /// One JSON object a line, for tools.
    Json,
}

/// Show the resources that containers use: processor time, memory, processes, block devices,
/// pressure.
#[derive(Args)]
pub struct Stats {
    /// Update the numbers every second, until the containers end.
    #[arg(long, short)]
    follow: bool,
    /// Print the numbers once, as without --follow. Docker's client needs this flag for that.
    #[arg(long, conflicts_with = "follow")]
    no_stream: bool,
    /// `json`: one object per container and line: id, name, cpu (…_usec, periods, throttled_periods),
    /// memory (usage, cache, swap, limit; bytes), pids (current, limit), io (…_bytes, reads, writes),
    /// pressure (per cent of 10 s; null on v1). A value that isn't counted is null.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Names, ids, or beginnings of ids [default: all that are alive].
    containers: Vec<String>,
}

impl Stats {
    /// Prints them.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        table::stats(&store.open()?, &self.containers, self.format, self.follow).map(|()| 0)
    }

    /// Prints those of containers that somebody else counts.
    pub fn act_on<'a>(self, counted: impl FnOnce(&[String]) -> Result<Vec<Counted<'a>>>) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        table::show(counted(&self.containers)?, self.format, self.follow).map(|()| 0)
    }
}

/// Freeze all processes of containers.
#[derive(Args)]
pub struct Freeze {
    #[command(flatten)]
    explain: ExplainFlag,
    /// Names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

/// Thaw frozen containers.
#[derive(Args)]
pub struct Thaw {
    #[command(flatten)]
    which: Freeze,
}

impl Freeze {
    /// Freezes them.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        self.set(store, true)
    }

    /// One that can't be frozen doesn't keep the others.
    fn set(self, store: &StoreFlags, frozen: bool) -> Result<u8> {
        self.explain.begin();
        let store = store.open()?;
        let set = |name: &String| {
            Cgroup::for_container(&store, name).and_then(|cgroup| freezer::freeze(&cgroup, frozen)).err()
        };
        Ok(self.containers.iter().filter_map(set).map(|error| report(&error)).max().unwrap_or(0))
    }
}

impl Thaw {
    /// Thaws them.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        self.which.set(store, false)
    }
}

/// Show the effects of a container's limits: processes killed for memory, refused forks, throttled
/// periods.
#[derive(Args)]
pub struct Events {
    /// Continue until the container ends, with a line for each new event.
    #[arg(long, short)]
    follow: bool,
    /// `json`: one object per line: oom_kills, memory_limit_hits, forks_refused, throttled_periods,
    /// all since its start.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Its name, its id, or the beginning of its id.
    container: String,
}

impl Events {
    /// Prints them.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        watch::events(&store.open()?, &self.container, self.format, self.follow).map(|()| 0)
    }
}

/// Change the limits of running containers. Limits that you don't name stay. After an error, no
/// limit is changed.
#[derive(Args)]
// What a start does without it isn't what a change does without it.
#[command(mut_arg("memory_swap", |arg| arg.help(SWAP_WHEN_CHANGED)))]
pub struct Update {
    #[command(flatten)]
    explain: ExplainFlag,
    #[command(flatten)]
    limits: LimitFlags,
    /// Names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

const SWAP_WHEN_CHANGED: &str = "The limit of memory and swap together. With the value of --memory, the container has no \
                                 swap; -1: no limit. Needs --memory [default: the current limit of swap stays]";

impl Update {
    /// Writes them.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        self.explain.begin();
        let limits = self.limits.limits()?;
        update::check(&limits)?;
        let store = store.open()?;
        let set = |name: &String| {
            Cgroup::for_container(&store, name).and_then(|cgroup| update::update(&cgroup, &limits)).err()
        };
        Ok(self.containers.iter().filter_map(set).map(|error| report(&error)).max().unwrap_or(0))
    }
}

/// Show the hierarchy of cgroups, from the root that you see.
#[derive(Args)]
pub struct Ls {
    /// Show the hierarchy of this controller (in cgroup v1, each controller has its own).
    #[arg(long, value_name = "NAME", default_value_t = Controller::Memory)]
    controller: Controller,
    /// `json`: one object per cgroup and line: path, processes, limit.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Ls {
    /// Prints it.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        tree::list(&store.open()?, self.controller, self.format).map(|()| 0)
    }
}
