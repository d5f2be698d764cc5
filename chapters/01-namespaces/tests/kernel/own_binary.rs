//! CVE-2019-5736: a container can't write to the program that made or entered it.
//!
//! In the lab our program is on a read-only mount, where there is nothing to protect: each case
//! uses a copy of it in the lab's own /tmp.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::observe;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::statvfs::{FsFlags, fstatvfs};
use nix::unistd::Uid;
use testkit::{Case, cases, eventually, needs, run_to_end};

use crate::running::{STORE, status_field};

pub fn cases() -> Vec<Case> {
    cases![
        a_program_kept_open_from_inside_is_not_written_to_later,
        no_process_that_makes_or_enters_a_container_runs_a_file_that_can_be_written_to,
        the_mode_of_our_program_is_not_changed_from_inside,
        our_program_is_started_again_once_and_under_its_own_name,
        a_user_runs_roots_own_program_without_a_copy,
    ]
}

const COPY: &str = "/tmp/ch01-copied";

/// A copy of the program, on a file system that can be written to.
fn program() -> Result<Command> {
    if !fs::exists(COPY)? {
        fs::copy(env!("CARGO_BIN_EXE_ch01-namespaces"), COPY)?;
    }
    let mut command = Command::new(COPY);
    command.args(["--root", STORE]);
    Ok(command)
}

/// Namespaces without the PID namespace: its processes may outlive the container's first one.
fn without_pid() -> &'static str {
    if Uid::effective().is_root() { "uts" } else { "user,uts" }
}

fn a_program_kept_open_from_inside_is_not_written_to_later() -> Result<()> {
    attack_later(program, without_pid())
}

/// The init is our program. A process that outlives it keeps our file open, and writes to it when
/// nobody runs it any more.
fn attack_later(program: impl Fn() -> Result<Command>, namespaces: &str) -> Result<()> {
    let attack = "exec 9</proc/$PPID/exe; chmod 777 /proc/self/fd/9; (setsid sh -c 'while kill -0 $0; do sleep 0.05; \
                  done; echo evil >/proc/self/fd/9; echo done >/tmp/done' $PPID &) >/dev/null 2>&1; sleep 0.2";
    let mode = fs::metadata(env!("CARGO_BIN_EXE_ch01-namespaces"))?.mode();
    let mut create = program()?;
    create.args(["create", "--init", "--namespaces", namespaces, "--name", "evil", "--", "sh", "-c", attack]);
    let created = run_to_end(create, Duration::from_secs(10))?;
    ensure!(created.status.success(), "{created:?}");
    let mut start = program()?;
    start.args(["start", "evil"]);
    let started = run_to_end(start, Duration::from_secs(10))?;
    ensure!(started.status.success(), "{started:?}");
    eventually("the attacker has tried", || Ok(fs::exists("/tmp/done")?))?;
    ensure!(fs::read(COPY)? == fs::read(env!("CARGO_BIN_EXE_ch01-namespaces"))?, "our program was overwritten");
    ensure!(fs::metadata(COPY)?.mode() == mode, "the mode of our program was changed from inside");
    Ok(())
}

/// Whether nobody could write to the program of a process, if it ran no more.
fn is_unwritable(pid: i32) -> Result<bool> {
    let program = File::open(format!("/proc/{pid}/exe"))?;
    let is_read_only = fstatvfs(&program)?.flags().contains(FsFlags::ST_RDONLY);
    Ok(is_read_only || fcntl(&program, FcntlArg::F_GET_SEALS).is_ok_and(|seals| seals & ALL_SEALS == ALL_SEALS))
}

/// F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE of fcntl(2).
const ALL_SEALS: i32 = 0xf;

fn no_process_that_makes_or_enters_a_container_runs_a_file_that_can_be_written_to() -> Result<()> {
    let mut run = program()?.args(["run", "--init", "--", "cat"]).stdin(Stdio::piped()).spawn()?;
    let init = first_child(&run)?;
    ensure!(is_unwritable(run.id() as i32)?, "run");
    ensure!(is_unwritable(init)?, "an init");
    // While it waits for cat's end.
    let target = init.to_string();
    let mut enter = program()?.args(["enter", &target, "cat"]).stdin(Stdio::piped()).spawn()?;
    first_child(&enter)?;
    ensure!(is_unwritable(enter.id() as i32)?, "enter");
    for child in [&mut enter, &mut run] {
        drop(child.stdin.take());
        ensure!(child.wait()?.success());
    }
    let create = program()?.args(["create", "--name", "gate", "--", "true"]).stdout(Stdio::null()).status()?;
    ensure!(create.success());
    let ps = program()?.args(["ps", "--format", "json"]).output()?;
    let pid = serde_json::from_slice::<serde_json::Value>(&ps.stdout)?[0]["pid"].as_i64().context("no pid")?;
    ensure!(is_unwritable(pid as i32)?, "a process at its start gate");
    ensure!(program()?.args(["rm", "--force", "gate"]).status()?.success());
    Ok(())
}

fn first_child(parent: &std::process::Child) -> Result<i32> {
    let mut found = None;
    eventually("it has a child", || {
        found = observe::children(parent.id() as i32).first().copied();
        Ok(found.is_some())
    })?;
    found.context("no child")
}

fn the_mode_of_our_program_is_not_changed_from_inside() -> Result<()> {
    needs::root()?;
    let script = "chmod 4777 /proc/1/exe; chown 7 /proc/1/exe; ls -l /proc/1/exe >/dev/null";
    let run = program()?.args(["run", "--init", "--", "sh", "-c", script]).output()?;
    ensure!(run.status.success(), "{run:?}");
    let (before, after) = (fs::metadata(env!("CARGO_BIN_EXE_ch01-namespaces"))?, fs::metadata(COPY)?);
    ensure!((before.mode(), before.uid()) == (after.mode(), after.uid()), "{:o} {}", after.mode(), after.uid());
    Ok(())
}

fn our_program_is_started_again_once_and_under_its_own_name() -> Result<()> {
    let mut run = program()?.args(["run", "--", "cat"]).stdin(Stdio::piped()).spawn()?;
    first_child(&run)?;
    let (pid, name) = (run.id() as i32, Path::new(COPY).file_name().context("no name")?);
    ensure!(status_field(pid, "Name")? == name.to_string_lossy(), "ps shows {}", status_field(pid, "Name")?);
    drop(run.stdin.take());
    ensure!(run.wait()?.success());
    // The command gets the environment that the caller gave, and messages name the program.
    let output = program()?.args(["run", "--", "sh", "-c", "tr '\\0' '\\n' </proc/self/environ"]).output()?;
    ensure!(!String::from_utf8_lossy(&output.stdout).contains("CORACLE_PROGRAM"), "{output:?}");
    let refused = program()?.args(["run", "--", "no-such-program"]).output()?;
    ensure!(String::from_utf8_lossy(&refused.stderr).starts_with("ch01-copied: "), "{refused:?}");
    Ok(())
}

fn a_user_runs_roots_own_program_without_a_copy() -> Result<()> {
    needs::root()?;
    needs::program("setpriv")?;
    program()?;
    fs::create_dir("/tmp/theirs")?;
    std::os::unix::fs::chown("/tmp/theirs", Some(12345), Some(12345))?;
    let theirs = || {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=12345", "--regid=12345", "--clear-groups", COPY, "--root", "/tmp/theirs/store"]);
        Ok(command)
    };
    let mut run = theirs()?.args(["run", "--init", "--", "cat"]).stdin(Stdio::piped()).spawn()?;
    let init = first_child(&run)?;
    for pid in [run.id() as i32, init] {
        let runs = fs::metadata(format!("/proc/{pid}/exe"))?.ino();
        ensure!(runs == fs::metadata(COPY)?.ino(), "{pid} runs a copy, though they can't write to the file");
    }
    drop(run.stdin.take());
    ensure!(run.wait()?.success());
    attack_later(theirs, "user,uts")
}
