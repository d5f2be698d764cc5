//! The command line: Docker's words, as few as there are steps.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub const HELP: &str = "\
mydocker: the container runtime that you write, one function an exercise.

    cargo run -p mydocker -- run sh                      a shell in a container
    cargo run -p mydocker -- run --hostname boat sh      with that hostname
    cargo run -p mydocker -- ps                          what runs
    cargo run -p mydocker -- exec mydocker ps -e         a second process in it

Usage: mydocker run [OPTIONS] COMMAND [ARG...]
       mydocker exec NAME|PID COMMAND [ARG...]
       mydocker pause NAME|PID     (one that has a limit: it has a group)
       mydocker unpause NAME|PID
       mydocker ps

Options of run:
    --name NAME       what exec calls the container (mydocker)
    --hostname NAME   the container's hostname (mydocker)
    --boottime AHEAD  how far its boot clock is ahead of the machine's: 90, 90s,
                      15m, 2h, +1d
    --init            an init is PID 1, and the command its child
    --cpus N          so many processors, as 0.5 or 1.5
    --memory BYTES    so much memory, as 64m, and no swap beyond it
    --pids N          so many processes and threads
    -v SRC:DST[:ro]   shows the folder or file SRC at DST in the container; ro: to be
                      read only
    --no-lab          on this machine itself; usually it all happens in the lab, a
                      throwaway host, where a wrong step changes nothing

A command of exec starts in the container's /. The terminal and stdin are always
passed on; Docker's -i and -t are taken and change nothing.

The steps are in exercises/mydocker/src/run.rs; each calls a function that you
have written (`cargo wb` says which is next), or one lent from the solutions.

Exit codes are Docker's: the command's own, 128+N if signal N killed it, 125 an
error of mydocker's, 126 the command isn't executable, 127 it isn't there.";

#[derive(Debug, PartialEq)]
pub enum Asked {
    Help,
    Run(Container),
    Exec(Exec),
    Pause(Pause),
    Ps,
}

/// A second process in a container that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    /// Its name, or the number of its PID 1.
    pub container: String,
    pub command: Vec<OsString>,
}

/// A container is to stand still, or to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Its name, or the number of its PID 1.
    pub container: String,
    pub frozen: bool,
}

/// The container that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    pub name: String,
    pub hostname: String,
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// How far the boot clock is ahead.
    pub boot_clock: Option<Duration>,
    /// Whether an init is PID 1 rather than the command.
    pub init: bool,
    pub volumes: Vec<Volume>,
    /// How many processors it may use.
    pub cpus: Option<f64>,
    /// How many bytes of memory.
    pub memory: Option<u64>,
    /// How many processes and threads.
    pub pids: Option<u64>,
    /// Whether a lab is to be entered first.
    pub lab: bool,
    /// Whether this is the process that was started in the lab.
    pub in_lab: bool,
}

/// A folder or file of the host's that the container sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// On the host.
    pub source: PathBuf,
    /// In the container, where `/` is its root.
    pub target: PathBuf,
    pub read_only: bool,
}

impl Container {
    /// Whether it needs a group.
    pub fn is_limited(&self) -> bool {
        self.cpus.is_some() || self.memory.is_some() || self.pids.is_some()
    }
}

/// Between mydocker and itself.
pub const IN_LAB: &str = "--in-lab";

type Words<I> = std::iter::Peekable<I>;

pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Asked, String> {
    let mut arguments = arguments.peekable();
    match arguments.next().as_deref().and_then(OsStr::to_str) {
        None | Some("help" | "--help" | "-h") => Ok(Asked::Help),
        Some("run") => run(arguments),
        Some("exec") => exec(arguments),
        Some(verb @ ("pause" | "unpause")) => match arguments.collect::<Vec<_>>() {
            words if words.len() == 1 => {
                let container = words[0].to_string_lossy().into_owned();
                Ok(Asked::Pause(Pause { container, frozen: verb == "pause" }))
            }
            _ => Err(format!("{verb} needs one container: mydocker {verb} mydocker (mydocker ps lists them)")),
        },
        Some("ps") => match arguments.next() {
            None => Ok(Asked::Ps),
            Some(word) => Err(format!("ps takes no {}", word.display())),
        },
        Some(other) => Err(format!("there is no command \"{other}\", only run, exec, pause, unpause and ps")),
    }
}

fn run(mut arguments: Words<impl Iterator<Item = OsString>>) -> Result<Asked, String> {
    let mut container = Container {
        name: "mydocker".into(),
        hostname: "mydocker".into(),
        command: Vec::new(),
        boot_clock: None,
        init: false,
        volumes: Vec::new(),
        cpus: None,
        memory: None,
        pids: None,
        lab: true,
        in_lab: false,
    };
    while let Some(option) = arguments.next_if(|word| word.as_encoded_bytes().starts_with(b"-")) {
        let option = option.to_str().ok_or_else(|| format!("there is no option {}", option.display()))?;
        let (name, attached) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        let mut value = |what: &str| match attached {
            Some(value) => Ok(value.to_string()),
            None => {
                let next = arguments.next().ok_or(format!("{name} needs {what}"))?;
                next.into_string().map_err(|_| format!("{name} needs {what} in UTF-8"))
            }
        };
        match name {
            "--name" => container.name = value("a name")?,
            "--hostname" => container.hostname = value("a name")?,
            "--boottime" => container.boot_clock = Some(duration(&value("a time, as 1d")?)?),
            "--cpus" => container.cpus = Some(number(name, &value("a number, as 0.5")?)?),
            "--memory" | "-m" => container.memory = Some(bytes(&value("a size, as 64m")?)?),
            "--pids" | "--pids-limit" => container.pids = Some(number(name, &value("a number, as 20")?)?),
            "-v" | "--volume" => container.volumes.push(volume(&value("SRC:DST or SRC:DST:ro")?)?),
            _ if attached.is_some() => return Err(format!("there is no option {option}")),
            "--help" | "-h" => return Ok(Asked::Help),
            "--init" => container.init = true,
            "-i" | "-t" | "-it" | "-ti" => {}
            "--no-lab" => container.lab = false,
            IN_LAB => (container.lab, container.in_lab) = (false, true),
            "--" => break,
            _ => return Err(format!("there is no option {option}")),
        }
    }
    container.command = arguments.collect();
    if container.command.is_empty() {
        Err("run needs a command: mydocker run sh".into())
    } else {
        Ok(Asked::Run(container))
    }
}

/// `SRC:DST`, `SRC:DST:ro`, `SRC:DST:rw`.
fn volume(text: &str) -> Result<Volume, String> {
    let (source, target, read_only) = match text.split(':').collect::<Vec<_>>()[..] {
        [source, target] | [source, target, "rw"] => (source, target, false),
        [source, target, "ro"] => (source, target, true),
        _ => return Err(format!("\"{text}\" is no volume: SRC:DST, or SRC:DST:ro")),
    };
    if !source.contains('/') {
        return Err(format!("\"{source}\" would be a named volume in Docker: ./{source} is a folder"));
    }
    if !target.starts_with('/') || Path::new(target).file_name().is_none() {
        return Err(format!("\"{target}\" is no place in the container: an absolute path, as /data"));
    }
    Ok(Volume { source: source.into(), target: target.into(), read_only })
}

fn number<N: std::str::FromStr>(option: &str, text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{option} {text}: that is no number for it"))
}

/// `1048576`, `64m`, `1g`, with units of 1024 as Docker has them.
fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("\"{text}\" is no size: 1048576, 512k, 64m, 1g");
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return Err(wrong()),
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(wrong)
}

/// `90`, `90s`, `+15m`, `2h`, `1d`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is no time: 90, 90s, 15m, 2h, 1d");
    let digits = text.strip_prefix('+').unwrap_or(text);
    let (number, unit) = digits.split_at(digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len()));
    let seconds = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

fn exec(mut arguments: Words<impl Iterator<Item = OsString>>) -> Result<Asked, String> {
    while let Some(option) = arguments.next_if(|word| word.as_encoded_bytes().starts_with(b"-")) {
        match option.to_str() {
            Some("--help" | "-h") => return Ok(Asked::Help),
            Some("-i" | "-t" | "-it" | "-ti") => {}
            _ => return Err(format!("exec has no option {}", option.display())),
        }
    }
    let container = arguments.next().and_then(|word| word.into_string().ok());
    let container = container.ok_or("exec needs a container: mydocker exec mydocker sh (mydocker ps lists them)")?;
    // As in `run`, where they end the options.
    arguments.next_if(|word| word == "--");
    match arguments.collect::<Vec<_>>() {
        command if command.is_empty() => Err("exec needs a command: mydocker exec mydocker sh".into()),
        command => Ok(Asked::Exec(Exec { container, command })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Asked, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn container(line: &str) -> Container {
        match parsed(line) {
            Ok(Asked::Run(container)) => container,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn options_end_where_the_command_begins() {
        let asked = container("run --hostname boat ls --no-lab --hostname x");
        assert_eq!(asked.hostname, "boat");
        assert!(asked.lab);
        assert_eq!(asked.command, ["ls", "--no-lab", "--hostname", "x"]);
        assert!(container("run --init ls").init && !container("run ls --init").init);
        assert_eq!(container("run -- --odd").command, ["--odd"]);
        assert_eq!(container("run --hostname=a=b sh").hostname, "a=b");
    }

    #[test]
    fn a_time_has_a_unit_or_is_in_seconds() {
        for (text, seconds) in [("90", 90), ("+90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86_400)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "d", "-1d", "1 d", "1.5h", "1w", "99999999999999999999", "999999999999999999d"] {
            assert!(duration(wrong).is_err_and(|error| error.contains("no time")), "{wrong}");
        }
        assert_eq!(container("run --boottime +1d ls").boot_clock, Some(Duration::from_secs(86_400)));
        assert_eq!(container("run ls").boot_clock, None);
    }

    #[test]
    fn limits_are_numbers_and_memory_has_a_unit() {
        let asked = container("run --cpus 0.5 --memory=64m --pids 20 sh");
        assert_eq!((asked.cpus, asked.memory, asked.pids), (Some(0.5), Some(64 << 20), Some(20)));
        assert!(asked.is_limited() && !container("run sh").is_limited());
        for (text, size) in [("4096", 4096), ("1K", 1024), ("2g", 2 << 30), ("7b", 7)] {
            assert_eq!(bytes(text), Ok(size), "{text}");
        }
        for wrong in ["", "m", "1.5g", "-1", "1t", "99999999999g"] {
            assert!(bytes(wrong).is_err_and(|error| error.contains("no size")), "{wrong}");
        }
        for wrong in ["--cpus x", "--pids -1", "--pids 1.5"] {
            assert!(parsed(&format!("run {wrong} sh")).is_err_and(|error| error.contains("no number")), "{wrong}");
        }
    }

    #[test]
    fn a_volume_has_two_ends_and_may_be_read_only() {
        let volume =
            |source: &str, target: &str, read_only| Volume { source: source.into(), target: target.into(), read_only };
        assert_eq!(
            container("run -v /a:/b --volume=./c:/d/e:ro -v /f:/g:rw sh").volumes,
            [volume("/a", "/b", false), volume("./c", "/d/e", true), volume("/f", "/g", false)]
        );
        for (wrong, said) in [("/a", "no volume"), ("/a:/b:rx", "no volume"), ("a:/b", "./a"), ("/a:b", "absolute")] {
            assert!(parsed(&format!("run -v {wrong} sh")).is_err_and(|error| error.contains(said)), "{wrong}");
        }
        for no_place in ["/", "/..", "/a/.."] {
            assert!(parsed(&format!("run -v /a:{no_place} sh")).is_err(), "{no_place}");
        }
    }

    #[test]
    fn exec_names_a_container_and_a_command() {
        let words = |command: &str| command.split(' ').map(OsString::from).collect::<Vec<_>>();
        let asked = Exec { container: "web".into(), command: words("sh -c x") };
        assert_eq!(parsed("exec web sh -c x"), Ok(Asked::Exec(asked)));
        assert!(parsed("exec").is_err_and(|error| error.contains("container")));
        assert!(parsed("exec web").is_err_and(|error| error.contains("command")));
        assert!(parsed("exec -d web sh").is_err_and(|error| error.contains("-d")));
        for line in ["exec -it web sh -c x", "exec web -- sh -c x"] {
            assert_eq!(parsed(line), parsed("exec web sh -c x"), "{line}");
        }
        assert_eq!(container("run --name web sh").name, "web");
        assert_eq!(parsed("ps"), Ok(Asked::Ps));
        let pause = |frozen| Asked::Pause(Pause { container: "web".into(), frozen });
        assert_eq!((parsed("pause web"), parsed("unpause web")), (Ok(pause(true)), Ok(pause(false))));
        assert!(parsed("pause").is_err_and(|error| error.contains("container")));
    }

    #[test]
    fn without_arguments_it_helps() {
        for line in ["", "--help", "-h", "help", "run --help", "exec --help"] {
            assert_eq!(parsed(line), Ok(Asked::Help), "{line:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        assert!(parsed("start sh").is_err_and(|error| error.contains("\"start\"")));
        assert!(parsed("run --nolab sh").is_err_and(|error| error.contains("--nolab")));
        assert!(parsed("run").is_err_and(|error| error.contains("run sh")));
        assert!(parsed("run --init=yes sh").is_err_and(|error| error.contains("--init=yes")));
        assert!(parsed("run --hostname").is_err_and(|error| error.contains("name")));
    }
}
