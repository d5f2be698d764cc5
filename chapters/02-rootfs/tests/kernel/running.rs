//! Containers for tests: started with our own `run`, held by their stdin, looked at from outside.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use lab::observe;
use nix::unistd::Pid;

/// A store and a cache in the lab's own /tmp, so that every test has its own.
pub const STORE: &str = "/tmp/store";
const CACHE: &str = "/tmp/cache";

/// The variable that names a cache to begin with. Making a root takes seconds in an emulated
/// machine, copying one doesn't.
const READY_MADE: &str = "CORACLE_READY_CACHE";

/// The program, with a store and a cache of its own.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ch02-rootfs"));
    command.args(["--root", STORE]).env("XDG_CACHE_HOME", CACHE);
    command
}

/// `run ARGS -- sh -c SCRIPT`.
pub fn run(args: &[&str], script: &str) -> Command {
    if let Some(ready) = std::env::var_os(READY_MADE)
        && !Path::new(CACHE).exists()
    {
        // Not its owner: it is to be ours, whoever that is in this lab.
        let copied =
            Command::new("cp").args(["-dR", "--preserve=mode,links,timestamps"]).arg(&ready).arg(CACHE).status();
        assert!(copied.is_ok_and(|status| status.success()), "copying {} to {CACHE}", ready.display());
    }
    let mut command = program();
    command.arg("run").args(args).args(["--", "sh", "-c", script]);
    command
}

/// What a script that succeeds prints.
pub fn says(args: &[&str], script: &str) -> Result<String> {
    let output = run(args, script).output()?;
    ensure!(output.status.success(), "{args:?} {script:?}: {}", format_output(&output));
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_string())
}

/// For errors.
pub fn format_output(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\nstdout: {out}\nstderr: {err}", output.status)
}

pub fn expect_empty_store() -> Result<()> {
    let names = std::fs::read_dir(STORE)?.flatten().map(|entry| entry.file_name());
    let left: Vec<_> = names.filter(|name| name != "coracle-store").collect();
    ensure!(left.is_empty(), "left in the store: {left:?}");
    Ok(())
}

/// The mount table of this side.
#[derive(Debug, PartialEq, Eq)]
pub struct Outside(String);

impl Outside {
    pub fn now() -> Result<Outside> {
        Ok(Outside(std::fs::read_to_string("/proc/self/mountinfo")?))
    }

    pub fn expect_the_same(&self, when: &str) -> Result<()> {
        let now = Outside::now()?;
        ensure!(now == *self, "{when}, the host's mount table changed\nbefore: {}\nafter: {}", self.0, now.0);
        Ok(())
    }
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
        let mut command = run(args, &format!("{script} echo ready; read line; true"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
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

    /// What is mounted inside, as the kernel shows it out here.
    pub fn mounts(&self) -> Result<Vec<observe::Mount>> {
        observe::mountinfo(self.pid)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Whether we are root of the machine (devices are made, not bound).
pub fn is_root() -> bool {
    nix::unistd::Uid::effective().is_root()
}

pub fn here() -> i32 {
    Pid::this().as_raw()
}
