//! `create`, and what `run` has in common with it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use ch01_namespaces::{Failure, report, say};
use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::settled::as_arguments;
use crate::engine::{Engine, NewContainer};
use crate::flags::Flags;
use crate::record::{Config, HostConfig, Restart};

/// Flags of `create` and `run`, besides those that surround the container.
#[derive(Args, Debug, Clone, Default)]
pub struct CreateFlags {
    /// A name for the container [default: a random one]
    #[arg(long)]
    pub name: Option<String>,
    /// Keep standard input open, and pass yours to it.
    #[arg(short, long)]
    pub interactive: bool,
    /// Allocate a terminal.
    #[arg(short, long)]
    pub tty: bool,
    /// Remove the container and its anonymous volumes when it ends.
    #[arg(long)]
    pub rm: bool,
    /// Run an init as the first process and the command as its child. The init reaps orphans and
    /// forwards signals.
    #[arg(long)]
    pub init: bool,
    /// The program that is executed with the command as its arguments.
    #[arg(long, value_name = "PROGRAM")]
    pub entrypoint: Option<String>,
    /// A label: NAME=VALUE. May be repeated.
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    pub label: Vec<String>,
    /// The signal that `stop` sends [default: SIGTERM]
    #[arg(long, value_name = "SIGNAL", value_parser = signal)]
    pub stop_signal: Option<String>,
    /// Seconds until `stop` kills the container [default: 10]
    #[arg(long, value_name = "SECONDS")]
    pub stop_timeout: Option<u32>,
    /// When to restart the container: no, on-failure, on-failure:NUMBER, always, unless-stopped.
    #[arg(long, value_name = "POLICY", default_value = "no")]
    pub restart: Restart,
    /// Log rotation: max-size=10m, max-file=3. May be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub log_opt: Vec<String>,
    /// The user: USER, USER:GROUP, or numbers.
    #[arg(short, long, value_name = "USER[:GROUP]")]
    pub user: Option<String>,
    /// Publish every port of the image's EXPOSE (from chapter 8 on) on a free port.
    #[arg(short = 'P', long)]
    pub publish_all: bool,
    /// The image, then the command and its arguments. With --rootfs only the command.
    #[arg(required = true, trailing_var_arg = true, value_names = ["IMAGE", "COMMAND"])]
    pub operands: Vec<String>,
}

fn signal(text: &str) -> Result<String, String> {
    super::signal_number(text).map(|_| text.to_string()).map_err(|error| error.to_string())
}

/// Create a container without starting it. Prints its id.
pub struct Create {
    pub(super) flags: CreateFlags,
    surroundings: Vec<String>,
    has_rootfs: bool,
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
        // Docker's -h is the host name. --help is help.
        let help = clap::Arg::new("help").long("help").action(clap::ArgAction::Help).help("Print help");
        Flags::augment_args(CreateFlags::augment_args(command))
            .mut_arg("volumes", volume)
            .mut_arg("hostname", |arg| arg.short('h'))
            .disable_help_flag(true)
            .arg(help)
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
pub(super) fn make(engine: &dyn Engine, new: NewContainer) -> Result<String> {
    let created = engine.create(new)?;
    for warning in &created.warnings {
        report(&anyhow::anyhow!("{warning}"));
    }
    Ok(created.id)
}

pub(super) fn labels(labels: &[String]) -> BTreeMap<String, String> {
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
                files = Some(value.parse().with_context(|| format!("--log-opt {option}: {value:?} is not a number"))?);
            }
            _ => bail!("--log-opt {option} is not known: there are max-size and max-file"),
        }
    }
    Ok((size, files))
}

/// A failure of ours must not look like the command's own status 1.
pub fn as_our_failure(result: Result<u8>) -> Result<u8> {
    result.map_err(|error| match Failure::from_error(&error) {
        failure if failure.exit_code == 1 => Failure { exit_code: 125, ..failure }.into(),
        _ => error,
    })
}
