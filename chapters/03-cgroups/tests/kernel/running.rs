//! Containers for tests: started with our own `run`, held by their stdin, looked at from outside.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use ch01_namespaces::is_shared_cgroup;
use ch03_cgroups::machine::Machine;
use ch03_cgroups::place::Place;
use lab::observe;
use testkit::needs;

/// A store and a cache in the lab's own /tmp, so that every test has its own.
pub const STORE: &str = "/tmp/store";
const CACHE: &str = "/tmp/cache";

/// The program, with a store and a cache of its own.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ch03-cgroups"));
    command.args(["--root", STORE]).env("XDG_CACHE_HOME", CACHE).env("RUST_BACKTRACE", "0");
    command
}

/// `run ARGS -- sh -c SCRIPT`.
pub fn run(args: &[&str], script: &str) -> Command {
    let mut command = program();
    command.arg("run");
    if !args.contains(&"--rootfs") {
        command.args(["--rootfs", small_root()]);
    }
    command.args(args).args(["--", "sh", "-c", script]);
    command
}

/// A root file system of a few programs, made once a case: the default one takes seconds on an
/// emulated machine.
pub fn small_root() -> &'static str {
    const ROOT: &str = "/tmp/box";
    if !Path::new(ROOT).exists() {
        let programs = ["sh", "cat", "cut", "dd", "head", "mknod", "sleep", "sort", "tail", "true", "wc"];
        let with = programs.into_iter().flat_map(|name| ["--with", name]);
        let made = program().args(["rootfs", "create", "--quiet", ROOT]).args(with).status();
        assert!(made.is_ok_and(|status| status.success()), "no root file system could be made");
    }
    ROOT
}

/// What a script that succeeds prints.
pub fn says(args: &[&str], script: &str) -> Result<String> {
    succeeds(&mut run(args, script))
}

pub fn succeeds(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    ensure!(output.status.success(), "{command:?}: {}", format_output(&output));
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_string())
}

/// For errors.
pub fn format_output(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\nstdout: {out}\nstderr: {err}", output.status)
}

/// Cgroups of this chapter's that are there, in any tree: of containers, or made to be shared by
/// them. (Of a parallel test nothing is seen: a lab has trees of its own.)
pub fn cgroups() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories: Vec<PathBuf> = Machine::observe()
        .map(|machine| machine.hierarchies.into_iter().map(|hierarchy| hierarchy.mount_point).collect())
        .unwrap_or_default();
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let of_a_container =
                    name.starts_with("coracle-") && !name.starts_with("coracle-lab") && name != "coracle-supervisor";
                if of_a_container || is_shared_cgroup(&entry.path()) {
                    found.push(entry.path());
                }
                directories.push(entry.path());
            }
        }
    }
    found
}

/// Neither a container nor a cgroup is left.
pub fn expect_nothing_left() -> Result<()> {
    ensure!(cgroups().is_empty(), "cgroups are left: {:?}", cgroups());
    if !Path::new(STORE).exists() {
        return Ok(());
    }
    let names = std::fs::read_dir(STORE)?.flatten().map(|entry| entry.file_name());
    let left: Vec<_> = names.filter(|name| name != "coracle-store").collect();
    ensure!(left.is_empty(), "left in the store: {left:?}");
    Ok(())
}

/// That cgroups can be made here: as root in a lab with some of its own, or as a user to whom one
/// was delegated.
pub fn need_cgroups() -> Result<()> {
    needs::that(cgroups_can_be_made(), "a cgroup that may be divided")
}

pub fn cgroups_can_be_made() -> bool {
    Machine::observe().and_then(|machine| Place::find(&machine, &[], None)).is_ok_and(|place| place.is_ours())
}

/// The directory of a process's cgroup in the tree of a v1 controller, or in v2: by the kernel's
/// word, not by ours.
pub fn directory_of(pid: i32, controller: &str) -> Result<PathBuf> {
    let mounts = observe::mountinfo(std::process::id() as i32)?;
    let cgroup = std::fs::read_to_string(format!("/proc/{pid}/cgroup"))?;
    let line = |wanted: &dyn Fn(&str, &str) -> bool| {
        cgroup.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':');
            let (number, names, path) = (fields.next()?, fields.next()?, fields.next()?);
            wanted(number, names).then(|| path.trim_start_matches('/').to_string())
        })
    };
    let v1 = line(&|_, names| names.split(',').any(|name| name == controller));
    let mount = |kind: &str| {
        let fits = |mount: &&observe::Mount| {
            mount.file_system == kind
                && (kind == "cgroup2" || mount.super_options.iter().any(|option| option == controller))
        };
        mounts.iter().rev().find(fits).map(|mount| mount.mount_point.clone())
    };
    match v1 {
        Some(path) => Ok(mount("cgroup").context("no such tree")?.join(path)),
        None => {
            Ok(mount("cgroup2").context("no v2 tree")?.join(line(&|number, _| number == "0").context("not in v2")?))
        }
    }
}

/// A number in a file of a cgroup's: `name number` lines, or the number alone.
pub fn number(file: &Path, name: Option<&str>) -> Result<u64> {
    let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    let found = match name {
        Some(name) => text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_string)),
        None => Some(text.trim().to_string()),
    };
    let found = found.with_context(|| format!("no {name:?} in {text}"))?;
    Ok(if found == "max" { u64::MAX } else { found.parse().with_context(|| found.clone())? })
}

/// A container that runs until its stdin is closed.
pub struct Running {
    /// The `run` process.
    pub child: Child,
    /// The container's first process, as numbered here.
    pub pid: i32,
    /// Kept open, or its shell would die of SIGPIPE.
    _stdout: BufReader<ChildStdout>,
}

impl Running {
    /// Runs `script` in a shell that then waits, and returns when it does.
    pub fn start(args: &[&str], script: &str) -> Result<Running> {
        let mut command = run(args, &format!("{script} echo ready; read line; true"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().context("no stdout")?);
        let mut line = String::new();
        while line.trim_end() != "ready" {
            line.clear();
            ensure!(stdout.read_line(&mut line)? > 0, "{args:?}: it ended before it was ready: {:?}", child.wait()?);
        }
        let pid = *observe::children(child.id() as i32).first().context("the container is gone already")?;
        Ok(Running { child, pid, _stdout: stdout })
    }

    pub fn directory(&self, controller: &str) -> Result<PathBuf> {
        directory_of(self.pid, controller)
    }

    /// A counter that has other names in v1 and v2: the file, and the name in it.
    pub fn counter(&self, controller: &str, v1: (&str, Option<&str>), v2: (&str, Option<&str>)) -> Result<u64> {
        let directory = self.directory(controller)?;
        let (file, name) =
            if directory.join(v1.0).exists() && !directory.join("cgroup.type").exists() { v1 } else { v2 };
        number(&directory.join(file), name)
    }

    pub fn throttled(&self) -> Result<u64> {
        self.counter("cpu", ("cpu.stat", Some("nr_throttled")), ("cpu.stat", Some("nr_throttled")))
    }

    pub fn oom_kills(&self) -> Result<u64> {
        self.counter("memory", ("memory.oom_control", Some("oom_kill")), ("memory.events", Some("oom_kill")))
    }

    /// Microseconds of processor time.
    pub fn used(&self) -> Result<u64> {
        let directory = self.directory("cpuacct")?;
        if directory.join("cpuacct.usage").exists() {
            return Ok(number(&directory.join("cpuacct.usage"), None)? / 1000);
        }
        number(&directory.join("cpu.stat"), Some("usage_usec"))
    }

    pub fn end(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        ensure!(status.success(), "the container ended with {status}");
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
