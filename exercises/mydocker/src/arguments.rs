//! The command line: Docker's words, as few as there are steps.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddrV4;
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::time::Duration;

mod values;

use values::{bytes, duration, network, number, numbers, port, storage, volume};

pub const HELP: &str = "\
mydocker: the container runtime that you write, one function an exercise.

    cargo run -p mydocker -- run sh                      a shell in a container
    cargo run -p mydocker -- run --hostname boat sh      with that hostname
    cargo run -p mydocker -- ps                          what runs
    cargo run -p mydocker -- exec mydocker ps -e         a second process in it
    cargo run -p mydocker -- import app <app.tar         an image of one layer

Usage: mydocker run [OPTIONS] COMMAND [ARG...]   (an image may have a command of its own)
       mydocker exec NAME|PID COMMAND [ARG...]
       mydocker pause NAME|PID     (one that has a limit: it has a group)
       mydocker unpause NAME|PID
       mydocker ps
       mydocker import [--parent IMAGE] [--storage DRIVER] NAME  (a tar archive, from stdin)
       mydocker diff NAME          (what a container has changed; also after its end)
       mydocker load               (what docker save wrote, from stdin)
       mydocker build -t NAME DIRECTORY   (a Dockerfile: FROM, COPY, RUN, CMD)

Options of run:
    --name NAME       what exec calls the container (mydocker)
    --hostname NAME   the container's hostname (mydocker)
    --boottime AHEAD  how far its boot clock is ahead of the machine's: 90, 90s,
                      15m, 2h, +1d
    --init            an init is PID 1, and the command its child
    --cpus N          so many processors, as 0.5 or 1.5
    --memory BYTES    so much memory, as 64m, and no swap beyond it
    --pids N          so many processes and threads
    -v SRC:DST[:ro]   shows the directory or file SRC at DST in the container; ro: to
                      be read only
    --network MODE    none: only lo; bridge: an address on a bridge of mydocker's,
                      and a way out; host: this machine's network, or the lab's (none)
    -p [IP:]HOST:CONTAINER
                      who connects to this TCP port of the machine's, also with the
                      lab, reaches the container's; it is on a bridge then. Without
                      IP that is everybody; 127.0.0.1: only you
    --image NAME      an image's files; without one, this machine's programs
    --storage DRIVER  overlay: the image's layers, united, and a directory for the
                      changes; vfs: a copy of the image (overlay)
    --no-lab          on this machine itself; usually it all happens in the lab,
                      a throwaway host, where a wrong step changes nothing

A bridge needs nft. An ordinary user may not make one on the machine: it is in a
network namespace then, which is the container's alone. As root with --no-lab it is
on the machine: mydocker0, which stays, and a table of nft's of the same name.

An image stands by itself, or on another one, its parent: hostbox is always there,
this machine's programs. With vfs an image is imported for it, too.

A command of exec starts in the container's /. The terminal and stdin are always
passed on; Docker's -i and -t are taken and change nothing. Of the caller's
environment a command gets PATH, HOME and TERM.

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
    Import(Import),
    Load,
    Build(Build),
    /// The container's name.
    Diff(String),
}

/// An archive is to become an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    pub name: String,
    /// The image that it stands on.
    pub parent: Option<String>,
    pub storage: Storage,
}

/// A Dockerfile is to become an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    pub name: String,
    /// The directory that it may copy from, with the Dockerfile in it.
    pub context: PathBuf,
}

/// How layers are stored, and made a root of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Each layer has what is different from the ones below; the kernel unites them.
    Overlay,
    /// Each layer has all files, and so has each container.
    Vfs,
}

/// Whose network it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Its own, which leads nowhere.
    None,
    /// Its own, on a bridge with others'.
    Bridge,
    /// The host's.
    Host,
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
    /// The image whose files it has; without one, this machine's programs.
    pub image: Option<String>,
    pub storage: Storage,
    pub network: Network,
    pub ports: Vec<Port>,
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
    /// The descriptors that it was given: each port's listener.
    pub listeners: Vec<RawFd>,
}

/// A port of the machine's that leads to one of the container's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// The machine's; 0.0.0.0 are all of its addresses.
    pub machine: SocketAddrV4,
    pub container: u16,
}

/// A directory or file of the host's that the container sees.
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
        Some("import") => import(arguments),
        Some("load") => match arguments.next() {
            None => Ok(Asked::Load),
            Some(word) => Err(format!("load takes no {}: the archive comes from stdin", word.display())),
        },
        Some("build") => match arguments.collect::<Vec<_>>().as_slice() {
            [tag, name, context] if tag == "-t" => {
                Ok(Asked::Build(Build { name: name.to_string_lossy().into_owned(), context: context.into() }))
            }
            _ => Err("build needs a name and a directory: mydocker build -t web .".into()),
        },
        Some("diff") => match arguments.collect::<Vec<_>>() {
            words if words.len() == 1 => Ok(Asked::Diff(words[0].to_string_lossy().into_owned())),
            _ => Err("diff needs one container: mydocker diff mydocker".into()),
        },
        Some(other) => Err(format!(
            "there is no command \"{other}\", only run, exec, pause, unpause, ps, import, load, build and diff"
        )),
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
        image: None,
        storage: Storage::Overlay,
        network: Network::None,
        ports: Vec::new(),
        cpus: None,
        memory: None,
        pids: None,
        lab: true,
        in_lab: false,
        listeners: Vec::new(),
    };
    let mut asked_network = None;
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
            "--image" => container.image = Some(value("an image's name")?),
            "--storage" => container.storage = storage(&value("overlay or vfs")?)?,
            "--network" | "--net" => asked_network = Some(network(&value("none, bridge or host")?)?),
            "-p" | "--publish" => container.ports.push(port(&value("HOST:CONTAINER, as 8080:80")?)?),
            IN_LAB => {
                (container.lab, container.in_lab) = (false, true);
                container.listeners = attached.map_or(Ok(Vec::new()), numbers)?;
            }
            _ if attached.is_some() => return Err(format!("there is no option {option}")),
            "--help" | "-h" => return Ok(Asked::Help),
            "--init" => container.init = true,
            "-i" | "-t" | "-it" | "-ti" => {}
            "--no-lab" => container.lab = false,
            "--" => break,
            _ => return Err(format!("there is no option {option}")),
        }
    }
    container.network = match asked_network {
        None if container.ports.is_empty() => Network::None,
        None | Some(Network::Bridge) => Network::Bridge,
        Some(network) if container.ports.is_empty() => network,
        Some(_) => return Err("ports are published by a bridge: leave -p out, or --network".into()),
    };
    container.command = arguments.collect();
    if container.command.is_empty() && container.image.is_none() {
        Err("run needs a command: mydocker run sh".into())
    } else {
        Ok(Asked::Run(container))
    }
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

fn import(mut arguments: Words<impl Iterator<Item = OsString>>) -> Result<Asked, String> {
    let mut asked = Import { name: String::new(), parent: None, storage: Storage::Overlay };
    while let Some(word) = arguments.next() {
        let mut value = |what: &str| {
            let next = arguments.next().and_then(|word| word.into_string().ok());
            next.ok_or(format!("{} needs {what}", word.display()))
        };
        match word.to_str() {
            Some("--parent") => asked.parent = Some(value("an image: --parent hostbox")?),
            Some("--storage") => asked.storage = storage(&value("overlay or vfs")?)?,
            Some(name) if !name.starts_with('-') && asked.name.is_empty() => asked.name = name.into(),
            _ => return Err(format!("import takes no {}", word.display())),
        }
    }
    if asked.name.is_empty() {
        return Err("import needs a name for the image: mydocker import app <app.tar".into());
    }
    Ok(Asked::Import(asked))
}

#[cfg(test)]
mod tests;
