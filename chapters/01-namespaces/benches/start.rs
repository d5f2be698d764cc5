//! Start to exit of `true` in new namespaces: `run` against the floor, whole processes, side by
//! side.
//!
//! `cargo bench -p ch01-namespaces`.

use std::convert::Infallible;
use std::process::Command;

use anyhow::Result;
use floor::Times;
use nix::mount::{MsFlags, mount};
use nix::sched::CloneFlags;
use nix::unistd::{execv, geteuid, sethostname};

fn main() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some("floor") {
        let namespaces = CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID;
        return floor::begin(namespaces, inside);
    }
    let me = std::env::current_exe()?;
    let store = floor::store()?;
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ch01-namespaces"));
        command.arg("--root").arg(store.path()).arg("run").args(floor::ids());
        command.args(["--hostname", "boat", "--", "/bin/true"]);
        command
    };
    let (mut runs, mut floors) = (Times::default(), Times::default());
    for _ in 0..floor::rounds() {
        floors.add(Command::new(&me).arg("floor"))?;
        runs.add(&mut run())?;
    }
    println!("start to exit of /bin/true, user: {}, {} rounds, medians", geteuid(), floor::rounds());
    println!("  floor {:>7.3} ms   the same system calls and nothing else", floors.median());
    println!("  run   {:>7.3} ms", runs.median());
    println!("  ratio {:>7.2}", runs.ratio_to(&floors));
    println!("memory of `run` while its container sleeps: {} kB private", floor::private_memory(&run())?);
    Ok(())
}

/// What `run` asks of the kernel, in the shortest program that asks it.
fn inside() -> Result<Infallible> {
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>)?;
    sethostname("boat")?;
    Ok(execv(c"/bin/true", &[c"true"])?)
}
