//! Containers of a store in the lab's own /tmp, made by the program; looked at from outside.

use std::hash::{BuildHasher, RandomState};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};

use crate::probe;

pub const STORE: &str = "/tmp/store";

/// Our own program, as an attacker would find it: on a file system that can be written to.
pub const COPY: &str = "/tmp/ch06-copied";

/// The variable that repeats a run.
pub const SEED: &str = "CORACLE_SEED";

/// What it says, or a new number, which is printed.
pub fn seed() -> u64 {
    let given = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| RandomState::new().hash_one(0));
    println!("{SEED}={seed}");
    seed
}

/// The program.
pub fn program(args: &[&str]) -> Command {
    command_of(env!("CARGO_BIN_EXE_ch06-containers"), args)
}

/// A copy of it.
pub fn copied_program(args: &[&str]) -> Result<Command> {
    if !std::fs::exists(COPY)? {
        std::fs::copy(env!("CARGO_BIN_EXE_ch06-containers"), COPY)?;
    }
    Ok(command_of(COPY, args))
}

fn command_of(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(["--root", STORE]).args(args).env("XDG_CACHE_HOME", "/tmp/cache").env("RUST_BACKTRACE", "0");
    command.stdin(Stdio::null());
    command
}

/// What it prints, when it must not fail.
pub fn succeeds(args: &[&str]) -> Result<String> {
    let output = program(args).output()?;
    ensure!(output.status.success(), "{args:?}: {}", format_output(&output));
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_string())
}

/// What it says on stderr, when it must fail with this status.
pub fn fails(args: &[&str], status: i32) -> Result<String> {
    let output = program(args).output()?;
    ensure!(output.status.code() == Some(status), "{args:?}: {}", format_output(&output));
    Ok(String::from_utf8_lossy(&output.stderr).trim_end().to_string())
}

/// For errors.
pub fn format_output(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\nstdout: {out}\nstderr: {err}", output.status)
}

/// Whether we are root of the machine.
pub fn is_root() -> bool {
    nix::unistd::Uid::effective().is_root()
}

/// Flags that put this test program into a container, with the one library that hostbox lacks.
pub fn probe_flags() -> Result<Vec<String>> {
    let mine = std::env::current_exe()?;
    let mut flags = vec![format!("--volume={}:{}:ro", mine.display(), probe::PLACE)];
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let library = maps.lines().filter_map(|line| line.split_whitespace().nth(5)).find(|path| path.contains("libgcc_s"));
    flags.extend(library.map(|path| format!("--volume={path}:{path}:ro")));
    Ok(flags)
}

/// The three ways in which a command comes into a container.
pub const WAYS: [&str; 3] = ["run", "run -d", "exec"];

/// A command to be run in each of them.
#[derive(Debug, Clone, Default)]
pub struct Attack<'a> {
    /// Flags of `run`.
    pub flags: &'a [&'a str],
    /// Those of them that `exec` takes, too.
    pub exec_flags: &'a [&'a str],
    pub command: &'a [&'a str],
}

impl Attack<'_> {
    /// `claim` of what it says in each way; the name of the way goes into an error.
    pub fn in_each_way(&self, claim: impl Fn(&Output) -> Result<()>) -> Result<()> {
        WAYS.iter().try_for_each(|way| claim(&self.in_way(way)?).with_context(|| format!("with {way}: {self:?}")))
    }

    fn in_way(&self, way: &str) -> Result<Output> {
        let probe = probe_flags()?;
        let probe: Vec<&str> = probe.iter().map(String::as_str).collect();
        let common = [&probe, self.flags].concat();
        match way {
            "run" => {
                Ok(program(&[&["run", "--rm"], &common[..], self.exec_flags, &["hostbox"], self.command].concat())
                    .output()?)
            }
            "run -d" => {
                let args =
                    [&["run", "-d", "--name", "detached"], &common[..], self.exec_flags, &["hostbox"], self.command];
                let begun = program(&args.concat()).output()?;
                let output = match begun.status.success() {
                    true => {
                        let status = succeeds(&["wait", "detached"])?.parse::<i32>()?;
                        let status = std::os::unix::process::ExitStatusExt::from_raw(status << 8);
                        Output { status, ..program(&["logs", "detached"]).output()? }
                    }
                    false => begun,
                };
                let _ = program(&["rm", "-f", "detached"]).output()?;
                Ok(output)
            }
            _ => {
                succeeds(&[&["run", "-d", "--name", "entered"], &common[..], &["hostbox", "sleep", "1000"]].concat())?;
                let output = program(&[&["exec"], self.exec_flags, &["entered"], self.command].concat()).output()?;
                succeeds(&["rm", "-f", "entered"])?;
                Ok(output)
            }
        }
    }
}

/// What the probe says with these flags of `run`.
pub fn probe(flags: &[&str], operation: &[&str]) -> Result<String> {
    let probe = probe_flags()?;
    let probe: Vec<&str> = probe.iter().map(String::as_str).collect();
    let command = [&["run", "--rm"], &probe[..], flags, &["hostbox", probe::PLACE], operation].concat();
    let output = program(&command).output()?;
    ensure!(output.status.success(), "{command:?}: {}", format_output(&output));
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_string())
}

/// What `inspect` says of a container.
pub fn inspect(name: &str, format: &str) -> Result<String> {
    succeeds(&["inspect", "-f", format, name])
}

/// Its status and its last exit status, such as `exited 3`.
pub fn state(name: &str) -> Result<String> {
    inspect(name, "{{.State.Status}} {{.State.ExitCode}}")
}

/// A shell script in the background.
pub fn detached(name: &str, flags: &[&str], script: &str) -> Result<String> {
    succeeds(&[&["run", "-d", "--name", name], flags, &["hostbox", "sh", "-c", script]].concat())
}

/// Everything of containers on this machine, but for the image.
pub fn left() -> Result<Vec<String>> {
    let mut found = Vec::new();
    let hostbox_and_roots = ["coracle-store", "data", "shims", "network", "lock", "l", "names"];
    for place in [
        "",
        "shims",
        "data/containers",
        "data/containers/names",
        "data/volumes",
        "data/image/overlay2/layerdb/mounts",
        "data/image/vfs/layerdb/mounts",
    ] {
        for entry in std::fs::read_dir(format!("{STORE}/{place}")).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !hostbox_and_roots.contains(&name.as_str()) {
                found.push(format!("{place}/{name}"));
            }
        }
    }
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(STORE) && line.contains(" shim ") {
            found.push(line);
        }
    }
    Ok(found)
}

/// That nothing is left, at the latest in a moment: a shim ends just after it has answered.
pub fn expect_nothing_left() -> Result<()> {
    let mut last = Vec::new();
    let gone = testkit::eventually("nothing is left", || {
        last = left()?;
        Ok(last.is_empty())
    });
    gone.with_context(|| format!("left: {last:#?}"))
}

/// The process that says `shim ID` in its command line.
pub fn shim_of(id: &str) -> Result<i32> {
    let is_shim = |pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.windows(id.len()).any(|window| window == id.as_bytes())
            && line.windows(5).any(|window| window == b"shim\0")
    };
    let pids = std::fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.into_iter().find(is_shim).context("no shim")
}
