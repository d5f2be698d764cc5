//! The command line: Docker's words, as few as there are steps.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

mod container;
mod help;
mod run;
mod values;

use values::{number, storage};

pub use container::{Container, Network, Port, Storage, Volume};
pub use help::HELP;

#[derive(Debug, PartialEq)]
pub enum Asked {
    Help,
    Run(Container),
    Exec(Exec),
    Pause(Pause),
    Stop(Stop),
    /// Whether those in the background that have ended are listed, too.
    Ps(bool),
    Logs(Logs),
    /// The container's name.
    Remove(String),
    /// The container's name, and the words of its `run`.
    KeepLog(String, Vec<OsString>),
    Import(Import),
    Load,
    /// The image's name.
    Pull(String),
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

/// A second process in a container that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    /// Its name, or the number of its PID 1.
    pub container: String,
    /// The command's working directory, in the container.
    pub directory: PathBuf,
    /// Whether its terminal is one of its own.
    pub terminal: bool,
    pub command: Vec<OsString>,
}

/// A container is to stand still, or to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Its name, or the number of its PID 1.
    pub container: String,
    pub frozen: bool,
}

/// A container is to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// Its name, or the number of its PID 1.
    pub container: String,
    /// How long it may take before it is killed.
    pub patience: Duration,
}

/// The output of a container in the background.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logs {
    pub container: String,
    /// Whether to go on until it ends.
    pub follow: bool,
}

/// Between mydocker and itself.
pub const IN_LAB: &str = "--in-lab";
pub const IN_BACKGROUND: &str = "--in-background";
pub const KEEP_LOG: &str = "keep-log";

type Words<I> = std::iter::Peekable<I>;

pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Asked, String> {
    let mut arguments = arguments.peekable();
    match arguments.next().as_deref().and_then(OsStr::to_str) {
        None | Some("help" | "--help" | "-h") => Ok(Asked::Help),
        Some("run") => run::run(arguments),
        Some("exec") => exec(arguments),
        Some(verb @ ("pause" | "unpause")) => {
            let frozen = verb == "pause";
            one_container(verb, arguments).map(|container| Asked::Pause(Pause { container, frozen }))
        }
        Some("stop") => {
            let patience = match arguments.next_if(|word| word == "-t").and_then(|_| arguments.next()) {
                Some(seconds) => number("-t", &seconds.to_string_lossy())?,
                None => 10,
            };
            let container = one_container("stop", arguments)?;
            Ok(Asked::Stop(Stop { container, patience: Duration::from_secs(patience) }))
        }
        Some("ps") => match arguments.collect::<Vec<_>>().as_slice() {
            [] => Ok(Asked::Ps(false)),
            [word] if word == "-a" => Ok(Asked::Ps(true)),
            [word, ..] => Err(format!("ps takes no {}", word.display())),
        },
        Some("logs") => {
            let follow = arguments.next_if(|word| word == "-f").is_some();
            one_container("logs", arguments).map(|container| Asked::Logs(Logs { container, follow }))
        }
        Some("rm") => one_container("rm", arguments).map(Asked::Remove),
        Some(KEEP_LOG) => {
            let name = arguments.next().unwrap_or_default();
            Ok(Asked::KeepLog(name.to_string_lossy().into_owned(), arguments.collect()))
        }
        Some("import") => import(arguments),
        Some("load") => match arguments.next() {
            None => Ok(Asked::Load),
            Some(word) => Err(format!("load takes no {}: the archive comes from stdin", word.display())),
        },
        Some("pull") => match arguments.collect::<Vec<_>>().as_slice() {
            [name] => Ok(Asked::Pull(name.to_string_lossy().into_owned())),
            _ => Err("pull needs one image: mydocker pull localhost:5000/app".into()),
        },
        Some("build") => match arguments.collect::<Vec<_>>().as_slice() {
            [tag, name, context] if tag == "-t" => {
                Ok(Asked::Build(Build { name: name.to_string_lossy().into_owned(), context: context.into() }))
            }
            _ => Err("build needs a name and a directory: mydocker build -t web .".into()),
        },
        Some("diff") => one_container("diff", arguments).map(Asked::Diff),
        Some(other) => Err(format!(
            "there is no command \"{other}\", only run, exec, ps, logs, stop, rm, pause, unpause, diff, import, load, pull and build"
        )),
    }
}

fn one_container(verb: &str, arguments: impl Iterator<Item = OsString>) -> Result<String, String> {
    match arguments.collect::<Vec<_>>().as_slice() {
        [container] if !container.as_encoded_bytes().starts_with(b"-") => Ok(container.to_string_lossy().into_owned()),
        _ => Err(format!("{verb} needs one container: mydocker {verb} mydocker (mydocker ps lists them)")),
    }
}

/// `-it` and the like: whether all letters of the option are of these.
fn is_cluster(option: &str, letters: &str) -> bool {
    let has = option.strip_prefix('-').unwrap_or_default();
    !has.is_empty() && has.chars().all(|letter| letters.contains(letter))
}

fn exec(mut arguments: Words<impl Iterator<Item = OsString>>) -> Result<Asked, String> {
    let (mut directory, mut terminal) = (PathBuf::from("/"), false);
    while let Some(option) = arguments.next_if(|word| word.as_encoded_bytes().starts_with(b"-")) {
        match option.to_str() {
            Some("--help" | "-h") => return Ok(Asked::Help),
            Some(option) if is_cluster(option, "it") => terminal |= option.contains('t'),
            Some("-w" | "--workdir") => directory = arguments.next().ok_or("-w needs a directory, as /srv")?.into(),
            _ => return Err(format!("exec has no option {}", option.display())),
        }
    }
    let container = arguments.next().and_then(|word| word.into_string().ok());
    let container = container.ok_or("exec needs a container: mydocker exec mydocker sh (mydocker ps lists them)")?;
    // As in `run`, where they end the options.
    arguments.next_if(|word| word == "--");
    match arguments.collect::<Vec<_>>() {
        command if command.is_empty() => Err("exec needs a command: mydocker exec mydocker sh".into()),
        command => Ok(Asked::Exec(Exec { container, directory, terminal, command })),
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
