//! The command line: Docker's words, as few as there are steps.

use std::ffi::{OsStr, OsString};

pub const HELP: &str = "\
mydocker: the container runtime that you write, one function an exercise.

    cargo run -p mydocker -- run sh                      a shell in a container
    cargo run -p mydocker -- run --hostname boat sh      with that hostname

Usage: mydocker run [OPTIONS] COMMAND [ARG...]

Options:
    --hostname NAME   the container's hostname (mydocker)
    --init            an init is PID 1, and the command its child
    --no-lab          on this machine itself; usually it all happens in the lab, a
                      throwaway host, where a step that goes wrong changes nothing

The steps are in exercises/mydocker/src/run.rs; each calls a function that you have
written (`cargo wb` says which is next), or one that is lent from the solutions.

Exit codes are Docker's: the command's own, 128+N if signal N killed it, 125 an error
of mydocker's, 126 the command isn't executable, 127 it isn't there.";

#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    Help,
    Run(Container),
}

/// The container that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    pub hostname: String,
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// Whether an init is PID 1 rather than the command.
    pub init: bool,
    /// Whether a lab is to be entered first.
    pub lab: bool,
    /// Whether this is the process that was started in the lab.
    pub in_lab: bool,
}

/// The options' names; `--in-lab` is between mydocker and itself.
pub const HOSTNAME: &str = "--hostname";
pub const INIT: &str = "--init";
pub const NO_LAB: &str = "--no-lab";
pub const IN_LAB: &str = "--in-lab";

pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Asked, String> {
    let mut arguments = arguments.peekable();
    match arguments.next().as_deref().and_then(OsStr::to_str) {
        None | Some("help" | "--help" | "-h") => return Ok(Asked::Help),
        Some("run") => {}
        Some(other) => return Err(format!("there is no command \"{other}\", only run")),
    }
    let mut container =
        Container { hostname: "mydocker".into(), command: Vec::new(), init: false, lab: true, in_lab: false };
    while let Some(option) = arguments.next_if(|word| word.as_encoded_bytes().starts_with(b"-")) {
        match option.to_str().map(|option| option.split_once('=').map_or((option, None), |(o, v)| (o, Some(v)))) {
            Some(("--help" | "-h", None)) => return Ok(Asked::Help),
            Some((INIT, None)) => container.init = true,
            Some((NO_LAB, None)) => container.lab = false,
            Some((IN_LAB, None)) => (container.lab, container.in_lab) = (false, true),
            Some((HOSTNAME, Some(name))) => container.hostname = name.into(),
            Some((HOSTNAME, None)) => {
                let name = arguments.next().ok_or("--hostname needs a name")?;
                container.hostname = name.into_string().map_err(|_| "--hostname needs a name in UTF-8")?;
            }
            Some(("--", None)) => break,
            _ => return Err(format!("there is no option {}", option.display())),
        }
    }
    container.command = arguments.collect();
    if container.command.is_empty() {
        Err("run needs a command: mydocker run sh".into())
    } else {
        Ok(Asked::Run(container))
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
    fn without_arguments_it_helps() {
        for line in ["", "--help", "-h", "help", "run --help"] {
            assert_eq!(parsed(line), Ok(Asked::Help), "{line:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        assert!(parsed("start sh").is_err_and(|error| error.contains("\"start\"")));
        assert!(parsed("run --nolab sh").is_err_and(|error| error.contains("--nolab")));
        assert!(parsed("run").is_err_and(|error| error.contains("run sh")));
        assert!(parsed("run --hostname").is_err_and(|error| error.contains("name")));
    }
}
