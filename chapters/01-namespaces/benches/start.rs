//! Start to exit of `true` in new namespaces: `run` against the floor, whole processes, side by side.
//!
//! `cargo bench -p ch01-namespaces`. The floor is this same program started as `floor`: the system calls that the container
//! needs and nothing else, linked just as `run` is (Rust's std, dynamically against the C library).
#![allow(unsafe_code)]

use std::ffi::CString;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, execv, fork, getegid, geteuid, sethostname};

const ROUNDS: usize = 300;

fn main() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some("floor") {
        return floor();
    }
    // `cargo test --benches` asks for a quick look only.
    let rounds = if std::env::args().any(|arg| arg == "--bench") { ROUNDS } else { 3 };
    let me = std::env::current_exe()?;
    // In memory, as /run is on most machines: else the disk is measured.
    let store = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
    // The same ids as the floor maps: newuidmap and newgidmap are programs of their own, and cost 3 ms and more.
    let ids: &[&str] = if geteuid().is_root() { &[] } else { &["--map-root"] };
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ch01-namespaces"));
        command.arg("--root").arg(store.path()).arg("run").args(ids).args(["--hostname", "boat", "--", "/bin/true"]);
        command
    };
    let bare = || {
        let mut command = Command::new(&me);
        command.arg("floor");
        command
    };
    let (mut runs, mut floors, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (floor, run) = (time(&mut bare())?, time(&mut run())?);
        floors.push(floor);
        runs.push(run);
        ratios.push(run.as_secs_f64() / floor.as_secs_f64());
    }
    println!("start to exit of /bin/true, user: {}, {rounds} rounds, medians", geteuid());
    println!("  floor {:>7.3} ms   the same system calls and nothing else", median(&mut floors).as_secs_f64() * 1e3);
    println!("  run   {:>7.3} ms", median(&mut runs).as_secs_f64() * 1e3);
    ratios.sort_by(f64::total_cmp);
    println!("  ratio {:>7.2}", ratios[ratios.len() / 2]);
    println!("memory of `run` while its container sleeps: {} kB private", private_memory(&mut run())?);
    Ok(())
}

fn time(command: &mut Command) -> Result<Duration> {
    let begin = Instant::now();
    ensure!(command.status()?.success(), "{command:?} failed");
    Ok(begin.elapsed())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Private_Clean and Private_Dirty of /proc/PID/smaps_rollup: what is there because of this process alone.
fn private_memory(like: &mut Command) -> Result<u64> {
    let mut args: Vec<_> = like.get_args().map(ToOwned::to_owned).collect();
    args.pop();
    let mut child = Command::new(like.get_program())
        .args(args)
        .args(["sh", "-c", "echo; read line"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    std::io::Read::read_exact(child.stdout.as_mut().context("no stdout")?, &mut [0])?;
    let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", child.id()))?;
    drop(child.stdin.take());
    child.wait()?;
    let private = rollup.lines().filter(|line| line.starts_with("Private_"));
    Ok(private.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum())
}

/// What `run` asks of the kernel, in the shortest program that asks it.
fn floor() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    let mut namespaces = CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID;
    if !uid.is_root() {
        namespaces |= CloneFlags::CLONE_NEWUSER;
    }
    unshare(namespaces)?;
    if !uid.is_root() {
        std::fs::write("/proc/self/setgroups", "deny")?;
        std::fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
        std::fs::write("/proc/self/gid_map", format!("0 {gid} 1"))?;
    }
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => {
            waitpid(child, None)?;
        }
        ForkResult::Child => {
            mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;
            let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
            mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>)?;
            sethostname("boat")?;
            execv(c"/bin/true", &[CString::from(c"true")])?;
        }
    }
    Ok(())
}
