//! Containers for tests: started with our own `run`, held by their stdin, looked at from outside.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result, ensure};
use lab::observe;
use tempfile::TempDir;

/// A store in the lab's own /tmp, so that every test has its own.
pub const STORE: &str = "/tmp/store";

/// The program, with a store of its own.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ch01-namespaces"));
    command.args(["--root", STORE]);
    command
}

/// `run ARGS -- sh -c SCRIPT`.
pub fn run(args: &[&str], script: &str) -> Command {
    let mut command = program();
    command.arg("run").args(args).args(["--", "sh", "-c", script]);
    command
}

pub fn expect_empty_store() -> Result<()> {
    let names = std::fs::read_dir(STORE)?.flatten().map(|entry| entry.file_name());
    let left: Vec<_> = names.filter(|name| name != "coracle-store").collect();
    ensure!(left.is_empty(), "left in the store: {left:?}");
    Ok(())
}

/// A container that runs until its stdin is closed.
pub struct Running {
    /// The `run` process.
    pub child: Child,
    /// The container's first process, as numbered here.
    pub pid: i32,
    /// What the script printed before it was ready.
    pub said: String,
}

impl Running {
    /// Runs `script` in a shell that then waits, and returns when it does.
    pub fn start(args: &[&str], script: &str) -> Result<Running> {
        // `read` is the shell's own: a `cat` would keep it from running its traps.
        Running::hold(run(args, &format!("{script} echo ready; read line; true")), "")
    }

    /// Runs `cat` in a container that is made by `bash -c outer bash PROGRAM…`. (A shell inside would
    /// change its own signal settings.)
    pub fn start_under(outer: &str) -> Result<Running> {
        let mut outer_shell = Command::new("bash");
        outer_shell.args(["-c", outer, "bash", env!("CARGO_BIN_EXE_ch01-namespaces"), "--root", STORE]);
        outer_shell.args(["run", "--", "cat"]);
        Running::hold(outer_shell, "ready\n")
    }

    fn hold(command: Command, typed: &str) -> Result<Running> {
        let mut child = Running::begin(command)?;
        child.stdin.as_mut().context("no stdin")?.write_all(typed.as_bytes())?;
        Running::ready(child)
    }

    /// Starts a command that will say `ready` and then wait for its stdin, and doesn't wait for that.
    pub fn begin(mut command: Command) -> Result<Child> {
        Ok(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?)
    }

    /// Waits until it has said so.
    pub fn ready(mut child: Child) -> Result<Running> {
        let mut said = String::new();
        for line in BufReader::new(child.stdout.take().context("no stdout")?).lines() {
            match line? {
                line if line == "ready" => break,
                line => said.push_str(&format!("{line}\n")),
            }
        }
        let pid = *observe::children(child.id() as i32).first().context("the container is gone already")?;
        Ok(Running { child, pid, said })
    }

    /// Closes its stdin, and waits for its end.
    pub fn let_go(mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }

    /// Waits for its end without closing its stdin first, as [`Child::wait`] would.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let _held = self.child.stdin.take();
        Ok(self.child.wait()?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A field of /proc/PID/status.
pub fn status_field(pid: i32, name: &str) -> Result<String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    Ok(field.with_context(|| format!("no {name} in the status of {pid}"))?.trim().into())
}

/// A directory for a test's files.
pub struct Scratch {
    directory: TempDir,
}

impl Scratch {
    pub fn new() -> Result<Scratch> {
        Ok(Scratch { directory: TempDir::new()? })
    }

    /// Makes a file and gives its path.
    pub fn file(&self, name: &str, text: &str, mode: u32) -> Result<String> {
        let path: PathBuf = self.directory.path().join(name);
        std::fs::write(&path, text)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))?;
        Ok(path.to_string_lossy().into_owned())
    }
}
