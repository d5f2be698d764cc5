//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use nix::unistd::Uid;

use crate::container::{self, Container, Spec};
use crate::explain::{self, Format};
use crate::failure::{Failure, exit};
use crate::mechanism::Mechanism;
use crate::mechanisms::{
    CgroupNamespace, FreshNamespace, PrivateMounts, Proc, TimeNamespace, UserNamespace, UtsNamespace,
};
use crate::namespaces::{Namespace, Namespaces};
use crate::offset::Offset;
use crate::store::Store;
use crate::{look, ps, tour};

/// Chapter 1: a process in namespaces of its own.
///
/// Without a command: the tour, which shows what a process in new namespaces sees, and the evidence.
#[derive(Parser)]
#[command(name = "ch01-namespaces", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    tour: tour::TourFlags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run a command in a new container, and remove the container when it ends.
    ///
    /// Input, output, signals and the exit status are the command's own. Statuses with a meaning: 125, the container could
    /// not be made; 126, the command can't be executed; 127, it is not there; 128+N, signal N killed it.
    #[command(after_help = "Examples:\n  run -- sh\n  run --hostname boat -- hostname\n  \
                            run --namespaces user,uts --explain -- true")]
    Run {
        #[command(flatten)]
        run: RunFlags,
        #[command(flatten)]
        namespaces: NamespaceFlags,
        /// The command and its arguments.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// Make a container that waits at its start gate. Prints its id.
    Create {
        #[command(flatten)]
        run: RunFlags,
        #[command(flatten)]
        namespaces: NamespaceFlags,
        /// The command and its arguments.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// Start a container that was created.
    Start {
        /// Its name, its id, or the beginning of its id.
        container: String,
    },
    /// Remove a container and all that was made for it.
    Rm {
        /// Kill it first if it is alive.
        #[arg(long, short)]
        force: bool,
        /// Names, ids, or beginnings of ids.
        #[arg(required = true)]
        containers: Vec<String>,
    },
    /// What the tour runs in its container: look around, say it in JSON, stay until stdin ends.
    #[command(hide = true)]
    Look {
        /// First make a System V message queue.
        #[arg(long)]
        with_ipc_object: bool,
    },
    /// List containers.
    Ps {
        /// `json` for one array of objects: id, name, status, pid, created (seconds since 1970), command.
        #[arg(long, value_enum, default_value_t = ps::Format::Table)]
        format: ps::Format,
        /// Ids only.
        #[arg(long, short)]
        quiet: bool,
    },
}

/// Where containers are kept.
#[derive(Args)]
pub struct StoreFlags {
    /// Keep containers' states in this folder [default: /run/coracle for root, $XDG_RUNTIME_DIR/coracle for others].
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
}

impl StoreFlags {
    /// Opens the store.
    pub fn open(&self) -> Result<Store> {
        Store::open(&self.root.clone().unwrap_or_else(Store::default_root))
    }
}

/// Flags of every chapter's `run`.
#[derive(Args, Debug, Clone, Default)]
pub struct RunFlags {
    /// A name for the container, besides its id.
    #[arg(long)]
    pub name: Option<String>,
    /// Tell each step that touches the kernel, on stderr; with =json, one object a line.
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    pub explain: Option<ExplainFormat>,
}

/// See [`RunFlags::explain`].
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ExplainFormat {
    /// Two lanes, host and container.
    Text,
    /// One JSON object a line.
    Json,
}

impl RunFlags {
    /// What to run.
    pub fn spec(&self, command: Vec<OsString>, foreground: bool) -> Spec {
        match self.explain {
            Some(ExplainFormat::Text) => explain::tell_on_stderr(Format::Text),
            Some(ExplainFormat::Json) => explain::tell_on_stderr(Format::Json),
            None => {}
        }
        Spec { name: self.name.clone(), command, env: std::env::vars_os().collect(), foreground }
    }
}

/// Chapter 1's own flags.
#[derive(Args, Debug, Clone, Default)]
pub struct NamespaceFlags {
    /// Which namespaces are new: a list of cgroup, ipc, mount, net, pid, time, user, uts; or all, or none. The others are
    /// shared with the host [default: mount,pid,uts, and for an ordinary user also user].
    #[arg(long, value_name = "LIST")]
    pub namespaces: Option<Namespaces>,
    /// The host name inside; needs the uts namespace.
    #[arg(long, value_name = "NAME")]
    pub hostname: Option<String>,
    /// Move the clock that counts from boot, what uptime shows: +1d, -2h, 90s. Needs the time namespace.
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub boottime: Option<Offset>,
    /// Move the monotonic clock, likewise.
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub monotonic: Option<Offset>,
}

impl NamespaceFlags {
    /// The set that is meant, with the default for who asks.
    pub fn set(&self) -> Namespaces {
        self.namespaces.unwrap_or_else(|| {
            let set: Namespaces = [Namespace::Mount, Namespace::Pid, Namespace::Uts].into_iter().collect();
            if Uid::effective().is_root() { set } else { set.with(Namespace::User) }
        })
    }

    /// The flags as mechanisms.
    pub fn mechanisms(&self) -> Result<Vec<Box<dyn Mechanism>>> {
        let set = self.set();
        if let (Some(name), false) = (&self.hostname, set.has(Namespace::Uts)) {
            bail!("--hostname {name} without a uts namespace would rename the host: add uts to --namespaces");
        }
        if (self.boottime.is_some() || self.monotonic.is_some()) && !set.has(Namespace::Time) {
            bail!(
                "--boottime and --monotonic need a time namespace: add time to --namespaces (the host's own clocks can't be moved)"
            );
        }
        let mut mechanisms: Vec<Box<dyn Mechanism>> = Vec::new();
        for kind in set.iter() {
            mechanisms.push(match kind {
                Namespace::Cgroup => Box::new(CgroupNamespace),
                Namespace::Ipc => Box::new(FreshNamespace::ipc()),
                Namespace::Mount => Box::new(PrivateMounts),
                Namespace::Net => Box::new(FreshNamespace::net()),
                Namespace::Pid => Box::new(FreshNamespace::pid()),
                Namespace::Time => {
                    let seconds = |offset: Option<Offset>| offset.map_or(0, |offset| offset.seconds);
                    Box::new(TimeNamespace { boottime: seconds(self.boottime), monotonic: seconds(self.monotonic) })
                }
                Namespace::User => Box::new(UserNamespace),
                Namespace::Uts => Box::new(UtsNamespace { hostname: self.hostname.clone() }),
            });
        }
        // With the mount table shared, a new /proc would be everybody's.
        if set.has(Namespace::Pid) && set.has(Namespace::Mount) {
            mechanisms.push(Box::new(Proc));
        }
        Ok(mechanisms)
    }
}

/// The program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            let of_run = std::env::args().nth(1).is_some_and(|word| word == "run");
            return ExitCode::from(match (error.use_stderr(), of_run) {
                (false, _) => 0,
                (true, true) => exit::OURS,
                (true, false) => 2,
            });
        }
    };
    match act(cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let failure = Failure::of(&error);
            eprintln!("ch01-namespaces: {failure}");
            ExitCode::from(failure.exit_code)
        }
    }
}

fn act(cli: Cli) -> Result<u8> {
    let store = || cli.store.open();
    match cli.command {
        None => tour::tour(&cli.tour),
        Some(Command::Run { run, namespaces, command }) => {
            let mechanisms = namespaces.mechanisms()?;
            run_to_the_end(&store()?, run.spec(command, true), mechanisms)
        }
        Some(Command::Create { run, namespaces, command }) => {
            let mechanisms = namespaces.mechanisms()?;
            let container = Container::create(&store()?, run.spec(command, false), mechanisms)?;
            println!("{}", container.leave());
            Ok(0)
        }
        Some(Command::Start { container }) => container::start(&store()?, &container).map(|()| 0),
        Some(Command::Rm { force, containers }) => {
            let store = store()?;
            for name in containers {
                container::remove(&store, &name, force)?;
            }
            Ok(0)
        }
        Some(Command::Look { with_ipc_object }) => look::look_and_stay(with_ipc_object).map(|()| 0),
        Some(Command::Ps { format, quiet }) => ps::list(&store()?, format, quiet).map(|()| 0),
    }
}

/// `create`, `start`, `wait`, `remove`: what every chapter's `run` does.
pub fn run_to_the_end(store: &Store, spec: Spec, mechanisms: Vec<Box<dyn Mechanism>>) -> Result<u8> {
    let mut container = Container::create(store, spec, mechanisms)?;
    let ended = container.start().and_then(|()| container.wait());
    container.remove()?;
    Ok(ended?.code())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_hostname_without_a_uts_namespace_is_refused() {
        let flags = NamespaceFlags {
            namespaces: Some("pid".parse().unwrap()),
            hostname: Some("boat".into()),
            ..Default::default()
        };
        assert!(flags.mechanisms().err().unwrap().to_string().contains("rename the host"));
    }

    #[test]
    fn proc_comes_with_pid_and_mount_together_only() {
        let names = |list: &str| {
            let flags = NamespaceFlags { namespaces: Some(list.parse().unwrap()), ..Default::default() };
            flags.mechanisms().unwrap().iter().map(|mechanism| mechanism.name()).collect::<Vec<_>>()
        };
        assert_eq!(names("mount,pid"), ["mount", "pid", "proc"]);
        assert_eq!(names("pid"), ["pid"]);
    }
}
