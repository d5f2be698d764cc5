//! The command line of `cargo wb vm`.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{CommandFactory, Parser};
use vm::{Size, User};

/// Run a command in a throwaway machine: root, a stock kernel, nothing to break
#[derive(Debug, Parser)]
#[command(name = "cargo wb vm", bin_name = "cargo wb vm", after_help = HELP)]
pub struct Cli {
    /// Boot this kernel: the path of an image, or the release of an installed one
    #[arg(long, value_name = "PATH|RELEASE")]
    pub kernel: Option<String>,
    /// An interactive shell
    #[arg(long, conflicts_with_all = ["command", "install"])]
    pub shell: bool,
    /// The machine's memory, like 512M or 2G
    #[arg(long, default_value = "2G")]
    pub memory: Size,
    /// End the machine after this many seconds, boot included; the exit code is then 124
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub time_limit: Option<Duration>,
    /// Run it as this user, to whom the machine's cgroups are handed over
    #[arg(long, value_name = "UID[:GID]")]
    pub user: Option<User>,
    /// A directory that the command may write to for good (may be repeated)
    #[arg(long, value_name = "DIRECTORY")]
    pub writable: Vec<PathBuf>,
    /// For `cargo wb check --vm`: a file or directory that the guest's own /tmp or /run would hide
    #[arg(long, value_name = "PATH", hide = true)]
    pub visible: Vec<PathBuf>,
    /// For `cargo wb check --vm`: a variable for the command
    #[arg(long, value_name = "NAME=VALUE", value_parser = OsStringValueParser::new().try_map(variable), hide = true)]
    pub env: Vec<(OsString, OsString)>,
    /// For `cargo wb check --vm`: say how the guest's processor would be made, and stop
    #[arg(long, hide = true, conflicts_with = "command")]
    pub find: bool,
    /// Download what the machine is made of (virtme-ng, a kernel) and stop
    #[arg(long, conflicts_with = "command")]
    pub install: bool,
    /// The command; build outside, run here: cargo wb vm -- target/debug/ch01-namespaces
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub command: Vec<OsString>,
}

impl Cli {
    /// The command line. Ends the program where that is help, or wrong.
    pub fn read() -> Cli {
        let cli = Cli::parse();
        if cli.asks_for_nothing() {
            let kind = clap::error::ErrorKind::MissingRequiredArgument;
            Cli::command().error(kind, "give it a command (cargo wb vm -- COMMAND), or --shell, or --install").exit();
        }
        cli
    }

    fn asks_for_nothing(&self) -> bool {
        self.command.is_empty() && !(self.shell || self.install || self.find)
    }
}

const HELP: &str = "\
Boots a stock kernel in QEMU on this machine's own files, runs the command there
as root, and is gone. Cgroup v2 with all controllers, kernel modules, nothing to
break. The files are read-only in it; /tmp, /var/tmp, /run, /mnt, /var/lib and
/dev/shm can be written, and what is written there is gone afterwards. A command
sees a file as it was when it first read it; a shell sees what you save
meanwhile. No network but lo, so nothing is built there: build outside, run
inside. stdin, stdout and stderr are the command's; for a terminal use --shell.

Exit codes: the command's own (128+N when signal N ended it or this command),
124 the time was up, 3 the machine can't be started (the message says what to
install).";

fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no number of seconds");
    Duration::try_from_secs_f64(text.parse().map_err(|_| wrong())?).map_err(|_| wrong())
}

fn variable(text: OsString) -> Result<(OsString, OsString), String> {
    let mut parts = text.as_bytes().splitn(2, |byte| *byte == b'=').map(|part| OsString::from_vec(part.to_vec()));
    match (parts.next(), parts.next()) {
        (Some(name), Some(value)) => Ok((name, value)),
        _ => Err(format!("{text:?} isn't NAME=VALUE")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_limit_is_a_number_of_seconds() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        for wrong in ["", "-3", "1m", "NaN", "inf"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_variables_value_may_hold_anything() {
        assert_eq!(variable("A=b=c d".into()), Ok(("A".into(), "b=c d".into())));
        assert_eq!(variable("A=".into()), Ok(("A".into(), "".into())));
        assert!(variable("A".into()).is_err());
    }

    #[test]
    fn what_follows_the_command_is_the_commands_own() {
        let words = |line: &[&str]| Cli::try_parse_from(line).expect("a right line").command;
        assert_eq!(words(&["vm", "ls", "--help", "--", "-x"]), ["ls", "--help", "--", "-x"]);
        assert_eq!(words(&["vm", "--memory", "1G", "--", "--odd"]), ["--odd"]);
        assert!(Cli::try_parse_from(["vm", "--shell", "ls"]).is_err());
        let nothing = |line: &[&str]| Cli::try_parse_from(line).expect("a right line").asks_for_nothing();
        assert!(nothing(&["vm"]) && nothing(&["vm", "--memory", "1G"]));
        assert!(!nothing(&["vm", "ls"]) && !nothing(&["vm", "--shell"]) && !nothing(&["vm", "--install"]));
    }
}
