//! Start to exit of `true` in a root file system of its own: `run` against the floor, whole processes, side by side.
//!
//! `cargo bench -p ch02-rootfs`. The floor is this same program started as `floor ROOT`: the system calls that the same
//! container needs and nothing else, linked just as `run` is (Rust's std, dynamically against the C library).
#![allow(unsafe_code)]

use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, chdir, execv, fork, getegid, geteuid, pivot_root};

const ROUNDS: usize = 300;
const NONE: Option<&str> = None;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    if let [_, verb, root] = &args[..]
        && verb == "floor"
    {
        return floor(Path::new(root));
    }
    // `cargo test --benches` asks for a quick look only.
    let rounds = if args.iter().any(|arg| arg == "--bench") { ROUNDS } else { 3 };
    let me = std::env::current_exe()?;
    let place = tempfile::tempdir()?;
    let root = place.path().join("box");
    create(&root)?;
    // In memory, as /run and $XDG_RUNTIME_DIR are.
    let store =
        tempfile::tempdir_in(if Path::new("/dev/shm").is_dir() { "/dev/shm".into() } else { std::env::temp_dir() })?;
    // A single id, as the floor has it: newuidmap and newgidmap are two more programs, 3 ms.
    let ids: &[&str] = if geteuid().is_root() { &[] } else { &["--map-root"] };
    let program = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ch02-rootfs"));
        command.arg("--root").arg(store.path()).env("XDG_CACHE_HOME", place.path()).arg("run").args(ids).args(args);
        command
    };
    let given = || {
        let mut command = program(&["--rootfs"]);
        command.arg(&root).args(["--", "/bin/true"]);
        command
    };
    let default = || program(&["--", "/bin/true"]);
    let bare = || {
        let mut command = Command::new(&me);
        command.arg("floor").arg(&root);
        command
    };
    // Makes the store and the cache.
    time(&mut default())?;
    let (mut givens, mut defaults, mut floors) = (Vec::new(), Vec::new(), Vec::new());
    let mut ratios = Vec::new();
    for _ in 0..rounds {
        let (floor, given) = (time(&mut bare())?, time(&mut given())?);
        defaults.push(time(&mut default())?);
        ratios.push(given.as_secs_f64() / floor.as_secs_f64());
        floors.push(floor);
        givens.push(given);
    }
    println!("start to exit of /bin/true, user: {}, {rounds} rounds, medians", geteuid());
    println!("  floor                {:>7.3} ms   the same system calls and nothing else", median(&mut floors));
    println!("  run --rootfs         {:>7.3} ms", median(&mut givens));
    ratios.sort_by(f64::total_cmp);
    println!("  ratio                {:>7.2}", ratios[ratios.len() / 2]);
    println!("  run, default root    {:>7.3} ms", median(&mut defaults));
    println!("memory of `run` while its container sleeps: {} kB private", private_memory(&mut given())?);

    let mut creations = Vec::new();
    for round in 0..rounds.min(10) {
        let begin = Instant::now();
        create(&place.path().join(format!("box{round}")))?;
        creations.push(begin.elapsed());
    }
    println!("rootfs create, default set: {:.1} ms, {:.1} MB", median(&mut creations), size(&root)? as f64 / 1e6);
    Ok(())
}

fn create(place: &Path) -> Result<()> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ch02-rootfs"));
    let status = command.args(["rootfs", "create", "--quiet"]).arg(place).status()?;
    ensure!(status.success(), "rootfs create failed");
    Ok(())
}

/// Bytes on the disk, a file with several names once.
fn size(folder: &Path) -> Result<u64> {
    let output = Command::new("du").args(["-s", "-B1"]).arg(folder).output()?;
    String::from_utf8_lossy(&output.stdout).split_whitespace().next().context("du says nothing")?.parse().context("du")
}

fn time(command: &mut Command) -> Result<Duration> {
    let begin = Instant::now();
    ensure!(command.status()?.success(), "{command:?} failed");
    Ok(begin.elapsed())
}

/// In milliseconds.
fn median(times: &mut [Duration]) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
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

/// What `run --rootfs` asks of the kernel, in the shortest program that asks it.
fn floor(root: &Path) -> Result<()> {
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
            mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE)?;
            bind(root, root)?;
            furnish(root, uid.is_root())?;
            chdir(root)?;
            pivot_root(".", ".")?;
            umount2(".", MntFlags::MNT_DETACH)?;
            chdir("/")?;
            execv(c"/bin/true", &[c"true"])?;
        }
    }
    Ok(())
}

/// The mounts and devices that `run` makes.
fn furnish(root: &Path, privileged: bool) -> Result<()> {
    let safe = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let new = |kind: &str, place: &str, flags: MsFlags, options: &str| {
        mount(Some(kind), &root.join(place), Some(kind), flags, Some(options)).with_context(|| place.to_string())
    };
    new("proc", "proc", safe, "")?;
    if privileged {
        new("sysfs", "sys", safe | MsFlags::MS_RDONLY, "")?;
    } else {
        bind(Path::new("/sys"), &root.join("sys"))?;
    }
    new("tmpfs", "dev", MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC, "mode=755,size=65536k")?;
    for folder in ["dev/pts", "dev/shm"] {
        std::fs::create_dir(root.join(folder))?;
    }
    new("devpts", "dev/pts", MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC, "ptmxmode=0666,mode=0620,newinstance")?;
    new("tmpfs", "dev/shm", safe, "mode=1777,size=65536k")?;
    if privileged {
        std::fs::create_dir(root.join("dev/mqueue"))?;
        new("mqueue", "dev/mqueue", safe, "")?;
    }
    for (name, major, minor) in ch02_rootfs::mounts::DEVICES {
        let place = root.join("dev").join(name);
        if privileged {
            mknod(&place, SFlag::S_IFCHR, Mode::from_bits_truncate(0o666), makedev(major, minor))?;
        } else {
            File::create(&place)?;
            bind(&Path::new("/dev").join(name), &place)?;
        }
    }
    for (target, name) in ch02_rootfs::mounts::LINKS {
        symlink(target, root.join("dev").join(name))?;
    }
    File::create(root.join("dev/console"))?;
    Ok(())
}

fn bind(source: &Path, target: &Path) -> Result<()> {
    Ok(mount(Some(source), target, NONE, MsFlags::MS_BIND | MsFlags::MS_REC, NONE)?)
}
