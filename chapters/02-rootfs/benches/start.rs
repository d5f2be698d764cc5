//! Start to exit of `true` in a root file system of its own: `run` against the floor, whole
//! processes, side by side.
//!
//! `cargo bench -p ch02-rootfs`.

use std::convert::Infallible;
use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use floor::Times;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::CloneFlags;
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::unistd::{chdir, execv, geteuid, pivot_root};

const NONE: Option<&str> = None;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    if let [_, verb, root] = &args[..]
        && verb == "floor"
    {
        let namespaces = CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID;
        let privileged = geteuid().is_root();
        return floor::begin(namespaces, || inside(Path::new(root), privileged));
    }
    let me = std::env::current_exe()?;
    let place = tempfile::tempdir()?;
    let root = place.path().join("box");
    Times::default().add(&mut create(&root))?;
    let store = floor::store()?;
    let program = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ch02-rootfs"));
        command.arg("--root").arg(store.path()).env("XDG_CACHE_HOME", place.path());
        command.arg("run").args(floor::ids()).args(args);
        command
    };
    let given = || {
        let mut command = program(&["--rootfs"]);
        command.arg(&root).args(["--", "/bin/true"]);
        command
    };
    let default = || program(&["--", "/bin/true"]);
    // Makes the store and the cache.
    Times::default().add(&mut default())?;
    let (mut givens, mut defaults, mut floors) = (Times::default(), Times::default(), Times::default());
    for _ in 0..floor::rounds() {
        floors.add(Command::new(&me).arg("floor").arg(&root))?;
        givens.add(&mut given())?;
        defaults.add(&mut default())?;
    }
    println!("start to exit of /bin/true, user: {}, {} rounds, medians", geteuid(), floor::rounds());
    println!("  floor                {:>7.3} ms   the same system calls and nothing else", floors.median());
    println!("  run --rootfs         {:>7.3} ms", givens.median());
    println!("  ratio                {:>7.2}", givens.ratio_to(&floors));
    println!("  run, default root    {:>7.3} ms", defaults.median());
    println!("memory of `run` while its container sleeps: {} kB private", floor::private_memory(&given())?);

    let mut creations = Times::default();
    for round in 0..floor::rounds().min(10) {
        creations.add(&mut create(&place.path().join(format!("box{round}"))))?;
    }
    println!("rootfs create, default set: {:.1} ms, {:.1} MB", creations.median(), size(&root)? as f64 / 1e6);
    Ok(())
}

fn create(place: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ch02-rootfs"));
    command.args(["rootfs", "create", "--quiet"]).arg(place);
    command
}

/// Bytes on the disk, a file with several names once.
fn size(directory: &Path) -> Result<u64> {
    let output = Command::new("du").args(["-s", "-B1"]).arg(directory).output()?;
    String::from_utf8_lossy(&output.stdout).split_whitespace().next().context("du says nothing")?.parse().context("du")
}

/// What `run --rootfs` asks of the kernel, in the shortest program that asks it.
fn inside(root: &Path, privileged: bool) -> Result<Infallible> {
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE)?;
    bind(root, root)?;
    furnish(root, privileged)?;
    chdir(root)?;
    pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    chdir("/")?;
    Ok(execv(c"/bin/true", &[c"true"])?)
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
    for directory in ["dev/pts", "dev/shm"] {
        std::fs::create_dir(root.join(directory))?;
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
