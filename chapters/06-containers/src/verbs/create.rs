//! `create` and `run`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use ch01_namespaces::{Failure, report, say};
use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::attach::converse;
use crate::client::has_terminal;
use crate::engine::{Engine, NewContainer};
use crate::flags::Flags;
use crate::powers::seccomp::Profile;
use crate::record::{Config, HostConfig, Restart};

/// Flags of `create` and `run`, besides those that surround the container.
#[derive(Args, Debug, Clone, Default)]
pub struct CreateFlags {
    /// A name for the container [default: a random one]
    #[arg(long)]
    pub name: Option<String>,
    /// Keep its standard input open, and give it ours.
    #[arg(short, long)]
    pub interactive: bool,
    /// Give it a terminal of its own.
    #[arg(short, long)]
    pub tty: bool,
    /// Remove it when it ends, with the volumes that nobody named.
    #[arg(long)]
    pub rm: bool,
    /// Run an init as the first process and the command as its child: orphans are reaped, and signals
    /// work as anywhere.
    #[arg(long)]
    pub init: bool,
    /// Execute this in front of the command.
    #[arg(long, value_name = "PROGRAM")]
    pub entrypoint: Option<String>,
    /// A note: NAME=VALUE. May be repeated.
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    pub label: Vec<String>,
    /// The signal that `stop` sends [default: SIGTERM]
    #[arg(long, value_name = "SIGNAL", value_parser = signal)]
    pub stop_signal: Option<String>,
    /// Seconds after which `stop` kills [default: 10]
    #[arg(long, value_name = "SECONDS")]
    pub stop_timeout: Option<u32>,
    /// When to start it again: no, on-failure, on-failure:NUMBER, always, unless-stopped.
    #[arg(long, value_name = "POLICY", default_value = "no")]
    pub restart: Restart,
    /// How the log is kept: max-size=10m, max-file=3. May be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub log_opt: Vec<String>,
    /// As whom it runs: USER, USER:GROUP, or numbers.
    #[arg(short, long, value_name = "USER[:GROUP]")]
    pub user: Option<String>,
    /// Publish every port that the image names (EXPOSE, from chapter 8 on), each on one that is free.
    #[arg(short = 'P', long)]
    pub publish_all: bool,
    /// The image; then the command and its arguments. With --rootfs only the command.
    #[arg(required = true, trailing_var_arg = true, value_name = "IMAGE> [COMMAND")]
    pub operands: Vec<String>,
}

fn signal(text: &str) -> Result<String, String> {
    super::signal_number(text).map(|_| text.to_string()).map_err(|error| error.to_string())
}

/// Make a container: it has a name and a layer, and no process yet. Prints its id.
pub struct Create {
    flags: CreateFlags,
    surroundings: Vec<String>,
    has_rootfs: bool,
}

/// Run a command in a new container.
pub struct Run {
    detach: bool,
    sig_proxy: bool,
    create: Create,
}

impl Args for Create {
    fn augment_args(command: Command) -> Command {
        // A name in a directory's place is a volume's: what chapter 2 knows nothing of is read later, when
        // it is settled.
        let volume = |arg: clap::Arg| {
            arg.value_parser(clap::value_parser!(String)).value_name("NAME|DIR:TARGET[:OPTIONS]").help(
                "Mount a named volume, or a directory or file of the host's; :ro makes it read-only. May be repeated",
            )
        };
        Flags::augment_args(CreateFlags::augment_args(command)).mut_arg("volumes", volume)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Create {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let flags = CreateFlags::from_arg_matches(matches)?;
        let surroundings = as_arguments(matches)
            .map_err(|error| clap::Error::raw(clap::error::ErrorKind::ValueValidation, format!("{error:#}\n")))?;
        let has_rootfs = surroundings.iter().any(|flag| flag.starts_with("--rootfs="));
        Ok(Create { flags, surroundings, has_rootfs })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Run {
    fn augment_args(command: Command) -> Command {
        Create::augment_args(command)
            .arg(clap::arg!(-d --detach "Run it in the background, and print its id"))
            .arg(clap::arg!(--"sig-proxy" <BOOL> "Whether signals that we get go to the container").required(false))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Run {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let sig_proxy = matches.get_one::<String>("sig-proxy").is_none_or(|text| text != "false");
        Ok(Run { detach: matches.get_flag("detach"), sig_proxy, create: Create::from_arg_matches(matches)? })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

// ANCHOR: as_arguments
/// The flags that surround a container, as arguments again: its shim reads them as this command
/// line did. What depends on where and by whom they were typed is settled now: relative paths,
/// variables that are passed on, files with variables.
fn as_arguments(matches: &ArgMatches) -> Result<Vec<String>> {
    let command = Flags::augment_args(Command::new("flags"));
    let mut arguments = Vec::new();
    for arg in command.get_arguments() {
        let (id, Some(long)) = (arg.get_id().as_str(), arg.get_long()) else { continue };
        if matches.value_source(id) != Some(clap::parser::ValueSource::CommandLine) {
            continue;
        }
        if !arg.get_action().takes_values() {
            arguments.push(format!("--{long}"));
            continue;
        }
        for value in matches.get_raw(id).into_iter().flatten() {
            let value = value.to_str().with_context(|| format!("--{long} {value:?} is not UTF-8"))?;
            settle(long, value, &mut arguments)?;
        }
    }
    Ok(arguments)
}
// ANCHOR_END: as_arguments

fn settle(long: &str, value: &str, arguments: &mut Vec<String>) -> Result<()> {
    match long {
        "env" => arguments.extend(variable(value).map(|entry| format!("--env={entry}"))),
        "env-file" => {
            let text = fs::read_to_string(value).with_context(|| format!("cannot read the variables in {value}"))?;
            let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
            arguments.extend(lines.filter_map(variable).map(|entry| format!("--env={entry}")));
        }
        "rootfs" => arguments.push(format!("--rootfs={}", absolute(value)?)),
        // The file's text instead of its name, as Docker's client sends it.
        "security-opt" => {
            match value.strip_prefix("seccomp=").filter(|file| !matches!(*file, "unconfined" | "builtin")) {
                Some(file) => arguments.push(format!("--security-opt=seccomp={}", profile(file)?)),
                None => arguments.push(format!("--security-opt={value}")),
            }
        }
        "volume" => {
            let (source, rest) = value.split_once(':').unwrap_or(("", value));
            let is_path = source.contains('/') || source.starts_with('.');
            let source = if is_path { absolute(source)? } else { source.to_string() };
            arguments.push(if source.is_empty() {
                format!("--volume={rest}")
            } else {
                format!("--volume={source}:{rest}")
            });
        }
        _ => arguments.push(format!("--{long}={value}")),
    }
    Ok(())
}

/// The text of a profile that can be expressed.
fn profile(file: &str) -> Result<String> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read the seccomp profile {file}"))?;
    Profile::parse(&text).with_context(|| format!("the seccomp profile {file} can't be used"))?;
    Ok(serde_json::from_str::<serde_json::Value>(&text)?.to_string())
}

/// `NAME=VALUE`, or `NAME` with the caller's value; `None` where the caller has none.
fn variable(entry: &str) -> Option<String> {
    match entry.contains('=') {
        true => Some(entry.into()),
        false => std::env::var(entry).ok().map(|value| format!("{entry}={value}")),
    }
}

fn absolute(path: &str) -> Result<String> {
    let absolute: PathBuf = std::path::absolute(path).with_context(|| format!("cannot find {path}"))?;
    absolute.into_os_string().into_string().ok().with_context(|| format!("{path} is not UTF-8"))
}

impl Create {
    /// What the engine is asked for.
    pub fn request(self) -> Result<NewContainer> {
        let CreateFlags { operands, .. } = &self.flags;
        let (image, cmd) = if self.has_rootfs {
            (String::new(), operands.clone())
        } else {
            (operands[0].clone(), operands[1..].to_vec())
        };
        let flag = |name: &str| {
            let prefix = format!("--{name}=");
            self.surroundings.iter().rev().find_map(|flag| flag.strip_prefix(&prefix)).map(String::from)
        };
        let env = self.surroundings.iter().filter_map(|flag| flag.strip_prefix("--env=")).map(String::from).collect();
        let (log_max_size, log_max_file) = log_options(&self.flags.log_opt)?;
        let flags = &self.flags;
        let config = Config {
            entrypoint: flags.entrypoint.clone().filter(|entrypoint| !entrypoint.is_empty()).into_iter().collect(),
            cmd,
            env,
            working_dir: flag("workdir").unwrap_or_default(),
            user: flags.user.clone().unwrap_or_default(),
            hostname: flag("hostname").unwrap_or_default(),
            labels: labels(&flags.label),
            tty: flags.tty,
            open_stdin: flags.interactive,
            stdin_once: flags.interactive,
            stop_signal: flags.stop_signal.clone().unwrap_or_default(),
            stop_timeout: flags.stop_timeout,
            ..Config::default()
        };
        let host = HostConfig {
            auto_remove: flags.rm,
            init: flags.init,
            restart: flags.restart,
            log_max_size,
            log_max_file,
            ..HostConfig::default()
        };
        if flags.rm && flags.restart != Restart::No {
            bail!(
                "--rm and --restart contradict each other: one removes the container when it ends, the other starts it again"
            );
        }
        Ok(NewContainer {
            name: flags.name.clone(),
            image,
            config,
            flags: self.surroundings,
            host,
            publish_all: flags.publish_all,
            ..NewContainer::default()
        })
    }

    /// Makes it.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        self.act_on(engine, Ok)
    }

    /// Makes it, of what `on_image` makes of the request: an image says what runs, too (chapter 8).
    pub fn act_on(
        self,
        engine: &dyn Engine,
        on_image: impl FnOnce(NewContainer) -> Result<NewContainer>,
    ) -> Result<u8> {
        say!("{}", make(engine, on_image(self.request()?)?)?);
        Ok(0)
    }
}

/// Makes it, and tells what its maker should know. Gives its id.
fn make(engine: &dyn Engine, new: NewContainer) -> Result<String> {
    let created = engine.create(new)?;
    for warning in &created.warnings {
        report(&anyhow::anyhow!("{warning}"));
    }
    Ok(created.id)
}

fn labels(labels: &[String]) -> BTreeMap<String, String> {
    let pair = |label: &String| {
        let (name, value) = label.split_once('=').unwrap_or((label, ""));
        (name.to_string(), value.to_string())
    };
    labels.iter().map(pair).collect()
}

fn log_options(options: &[String]) -> Result<(Option<u64>, Option<u32>)> {
    let (mut size, mut files) = (None, None);
    for option in options {
        match option.split_once('=') {
            Some(("max-size", value)) => {
                size = Some(
                    ch03_cgroups::units::bytes(value)
                        .map_err(|error| anyhow::anyhow!("--log-opt {option}: {error}"))?,
                );
            }
            Some(("max-file", value)) => {
                files = Some(value.parse().with_context(|| format!("--log-opt {option}: {value:?} is no number"))?);
            }
            _ => bail!("--log-opt {option} is not known: there are max-size and max-file"),
        }
    }
    Ok((size, files))
}

impl Run {
    // ANCHOR: run
    /// `create`, `start`, and unless it is in the background an attached client in between: output is
    /// lost if nobody listens when the command begins.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        self.act_on(engine, Ok)
    }

    /// The same, of what `on_image` makes of the request.
    pub fn act_on(
        self,
        engine: &dyn Engine,
        on_image: impl FnOnce(NewContainer) -> Result<NewContainer>,
    ) -> Result<u8> {
        let (detach, sig_proxy) = (self.detach, self.sig_proxy);
        let flags = &self.create.flags;
        if !detach && flags.tty && flags.interactive && !has_terminal() {
            bail!("the input device is not a TTY\ncure: leave -t out");
        }
        let (tty, stdin, auto_remove) = (flags.tty, flags.interactive, flags.rm);
        let id = make(engine, on_image(self.create.request()?)?)?;
        let started =
            if detach { engine.start(&id).map(|()| None) } else { engine.start_attached(&id, stdin).map(Some) };
        match started {
            Ok(Some(running)) => converse(engine, running, tty, stdin, sig_proxy),
            Ok(None) => {
                say!("{id}");
                Ok(0)
            }
            Err(error) => {
                if auto_remove {
                    let _ = engine.remove(&id, true, true);
                }
                Err(error)
            }
        }
    }
    // ANCHOR_END: run
}

/// A failure of ours must not look like the command's own status 1.
pub fn as_our_failure(result: Result<u8>) -> Result<u8> {
    result.map_err(|error| match Failure::of(&error) {
        failure if failure.exit_code == 1 => Failure { exit_code: 125, ..failure }.into(),
        _ => error,
    })
}
