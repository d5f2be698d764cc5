//! The machine, and the builder of what runs in it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};

use crate::acceleration::{self, Acceleration};
use crate::directory::Directory;
use crate::guest::{self, STAND_INS, Scene};
use crate::kernel::Kernel;
use crate::missing::{Missing, on_fedora};
use crate::places;
use crate::programs::{self, QEMU};
use crate::quote::quoted;
use crate::run::{Job, Manner};
use crate::streams::Output;
use crate::user::User;
use crate::virtme::{self, Order};

/// More processors than this make a boot slower, not faster.
const PROCESSORS: usize = 4;

/// Tests multiply their time limits by it.
const PATIENCE: &str = "CORACLE_PATIENCE";

/// A machine that can be made here: all it takes is there.
#[derive(Debug, Clone)]
pub struct Machine {
    kernel: Kernel,
    virtme: PathBuf,
    acceleration: Acceleration,
}

impl Machine {
    /// Looks for all that it takes, and finds out whether KVM works (which may take 8 s, once per
    /// boot). `kernel` is the path of an image or the release of one in /lib/modules, /boot or the
    /// cache; without it, one that fits.
    ///
    /// # Errors
    /// [`Missing`], with the commands that install what is missing. Nothing is downloaded here.
    pub fn find(kernel: Option<&str>) -> Result<Machine, Missing> {
        let found = Kernel::find(kernel);
        let virtme = virtme::find();
        let missing = Missing {
            programs: programs::lacking(),
            kernel: found.as_ref().err().cloned(),
            certain_kernel: kernel.is_some(),
            virtme: virtme.is_none(),
            modules_directory: !Path::new("/lib/modules").is_dir(),
            fedora: on_fedora(),
        };
        match (found, virtme) {
            (Ok(kernel), Some(virtme)) if missing.nothing() => {
                let place = places::own();
                let _ = fs::create_dir_all(&place);
                Ok(Machine { acceleration: acceleration::find(&kernel, &place.join("kvm")), kernel, virtme })
            }
            _ => Err(missing),
        }
    }

    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    pub fn acceleration(&self) -> Acceleration {
        self.acceleration
    }

    /// A run of a program with arguments, as root, in the current directory, with the environment that
    /// fits.
    pub fn command<Word: Into<OsString>>(&self, command: impl IntoIterator<Item = Word>) -> Run {
        Run::new(self, command.into_iter().map(Into::into).collect())
    }

    /// A shell at the terminal. stdin and stdout must be one.
    pub fn shell(&self) -> Run {
        Run::new(self, Vec::new())
    }
}

/// A machine to be, and what runs in it. Each run boots a machine of its own.
#[derive(Debug, Clone)]
pub struct Run {
    machine: Machine,
    /// Empty: a shell.
    command: Vec<OsString>,
    memory: Size,
    time_limit: Option<Duration>,
    visible: Vec<PathBuf>,
    writable: Vec<PathBuf>,
    environment: Vec<(OsString, OsString)>,
    user: Option<User>,
}

impl Run {
    fn new(machine: &Machine, command: Vec<OsString>) -> Run {
        Run {
            machine: machine.clone(),
            command,
            memory: Size { mebibytes: 2048 },
            time_limit: None,
            visible: Vec::new(),
            writable: Vec::new(),
            environment: Vec::new(),
            user: None,
        }
    }

    /// Root unless told. To an ordinary user the guest's cgroups are handed over.
    pub fn user(mut self, user: User) -> Run {
        self.user = Some(user);
        self
    }

    /// 2 GiB unless told.
    pub fn memory(mut self, memory: Size) -> Run {
        self.memory = memory;
        self
    }

    /// After this time, boot included, the machine is gone and the status is
    /// [`TIME_IS_UP`](crate::TIME_IS_UP).
    pub fn time_limit(mut self, limit: Duration) -> Run {
        self.time_limit = Some(limit);
        self
    }

    /// Keeps a file or directory visible that lies where the guest has a file system of its own
    /// (`/tmp`). The current directory, the program and this executable are kept unasked, each with the
    /// directory it lies in.
    pub fn visible(mut self, path: impl Into<PathBuf>) -> Run {
        self.visible.push(path.into());
        self
    }

    /// What is written in this directory is written to the machine's, as the user who runs this.
    pub fn writable(mut self, directory: impl Into<PathBuf>) -> Run {
        self.writable.push(directory.into());
        self
    }

    /// A variable for the command, in place of the caller's own.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Run {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Runs it with this process's stdin, stdout and stderr. The status is the command's; 124 when the
    /// time was up; 128+N when signal N (INT, TERM, HUP) came to this process, or PIPE when nobody
    /// reads the output any more.
    ///
    /// To be called when no other thread depends on SIGINT, SIGTERM or SIGHUP: they are blocked in this
    /// one meanwhile.
    ///
    /// # Errors
    /// The machine can't be started, or ended without a status (it crashed, or somebody killed it).
    pub fn run(&self) -> Result<i32> {
        let manner = if self.command.is_empty() { Manner::AtTerminal } else { Manner::Passed };
        Ok(self.start(manner)?.status)
    }

    /// Runs it without stdin, and keeps what it writes.
    ///
    /// # Errors
    /// As [`Run::run`].
    pub fn output(&self) -> Result<Output> {
        ensure!(!self.command.is_empty(), "a shell's output can't be kept");
        self.start(Manner::Kept)
    }

    fn start(&self, manner: Manner) -> Result<Output> {
        let directory = Directory::make(&places::own())?;
        let scene = self.scene()?;
        let script = if self.command.is_empty() { guest::login(&scene) } else { guest::start(&scene, &self.command) };
        directory.write_program(&directory.shared().join("start"), &script)?;
        for (name, text) in STAND_INS {
            directory.write_program(&directory.stand_ins().join(name), text.as_bytes())?;
        }
        let qemu = programs::find(QEMU).context("qemu was here a moment ago")?;
        let wrapper = directory.temporary().join("qemu");
        let line = [b"#!/bin/sh\nexec setpriv --pdeathsig KILL -- ", &quoted(qemu)[..], b" \"$@\"\n"].concat();
        directory.write_program(&wrapper, &line)?;
        let order = Order {
            qemu: &wrapper,
            image: &self.machine.kernel.image,
            acceleration: self.machine.acceleration,
            memory: &self.memory.to_string(),
            processors: available_parallelism().map_or(1, |count| count.get().min(PROCESSORS)),
            shared: &directory.shared(),
            stand_ins: &directory.stand_ins(),
            writable: &scene.writable,
            interactive: self.command.is_empty(),
        };
        let mut virtme = Command::new(programs::find("python3").context("python3 was here a moment ago")?);
        virtme.args(["-c", &virtme::program(order.interactive)]).args(virtme::arguments(&order));
        virtme.env("PYTHONPATH", &self.machine.virtme).env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONNOUSERSITE", "1");
        virtme.env("TMPDIR", directory.temporary());
        let mut path = env::var_os("PATH").unwrap_or_default();
        path.push(":/usr/local/sbin:/usr/sbin:/sbin");
        virtme.env("PATH", path);
        Job { virtme, directory: &directory, time_limit: self.time_limit }.run(manner)
    }

    fn scene(&self) -> Result<Scene> {
        let directory = env::current_dir().context("the current directory")?;
        let writable = self.writable.iter().map(|directory| {
            let whole =
                fs::canonicalize(directory).with_context(|| format!("keep {} writable", directory.display()))?;
            whole
                .is_dir()
                .then_some(whole)
                .ok_or_else(|| anyhow!("keep {} writable: not a directory", directory.display()))
        });
        let writable: Vec<PathBuf> = writable.collect::<Result<_>>()?;
        let mut wanted = vec![whole_checkout(&directory)];
        wanted.extend(env::current_exe().ok().and_then(|program| Some(program.parent()?.to_path_buf())));
        wanted.extend(self.machine.kernel.modules());
        wanted.extend(self.command.iter().filter_map(|word| file_named(word, &directory)));
        wanted.extend(self.visible.iter().filter_map(|path| fs::canonicalize(path).ok()));
        let mut environment = guest::environment(env::vars_os());
        if self.machine.acceleration == Acceleration::Emulation && env::var_os(PATIENCE).is_none() {
            environment.push((PATIENCE.into(), "8".into()));
        }
        if self.user.is_some() {
            environment.push(("HOME".into(), "/tmp".into()));
        }
        environment.extend(self.environment.iter().cloned());
        Ok(Scene { uncovered: places::to_uncover(&wanted), directory, environment, writable, user: self.user })
    }
}

/// Sources, target directory and what else belongs together stay together.
fn whole_checkout(directory: &Path) -> PathBuf {
    let tops = directory
        .ancestors()
        .filter(|directory| directory.join("Cargo.lock").exists() || directory.join(".git").exists());
    tops.last().unwrap_or(directory).to_path_buf()
}

/// A word of the command line that is a path of something here.
fn file_named(word: &OsStr, directory: &Path) -> Option<PathBuf> {
    let path = Path::new(word);
    (path.components().count() > 1).then(|| fs::canonicalize(directory.join(path)).ok())?
}

/// A size of memory, in MiB; read from `512M` or `2G`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    mebibytes: u64,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}M", self.mebibytes)
    }
}

impl FromStr for Size {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Size> {
        let wrong = || anyhow!("{text:?} is no size of memory; write it as 512M or 2G");
        let unit = match text.chars().last() {
            Some('M' | 'm') => 1,
            Some('G' | 'g') => 1024,
            _ => return Err(wrong()),
        };
        let number = &text[..text.len() - 1];
        let mebibytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(wrong)?;
        ensure!(mebibytes >= 256, "{text} of memory is too little to boot; at least 256M");
        Ok(Size { mebibytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit() {
        assert_eq!("2G".parse::<Size>().expect("a size").to_string(), "2048M");
        assert_eq!("512M".parse::<Size>().expect("a size").to_string(), "512M");
        for wrong in ["", "G", "2", "2T", "-1G", "1.5G", "100M", "99999999999999999999G", "2é"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_word_that_is_no_path_names_no_file() {
        assert_eq!(file_named(OsStr::new("tmp"), Path::new("/")), None);
        assert_eq!(file_named(OsStr::new("/usr/no/such"), Path::new("/")), None);
        assert_eq!(file_named(OsStr::new("./usr/.."), Path::new("/")), Some("/".into()));
    }
}
