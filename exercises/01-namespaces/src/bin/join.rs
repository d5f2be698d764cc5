//! The program around an answer to exercise 1.10. `cargo wb check 1.10` builds it and runs it in
//! the lab.

use std::env;
use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};

use anyhow::{Context, Result, ensure};
use given::checked;
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{ForkResult, Pid};

include!(concat!(env!("OUT_DIR"), "/join.rs"));

/// Arguments: the container's own kinds of namespaces (without `user`, it is made in a user
/// namespace that the caller is root of), and what is to be said of it: it `runs`, runs `in a lab`,
/// is `gone`, or is `another's`.
fn main() {
    let mut container = Pid::from_raw(0);
    checked::ready(|| {
        // An ordinary user, whoever checks: root could join without knowing how.
        checked::as_somebody(1000, 1000, true)?;
        let arguments: Vec<String> = env::args().skip(1).collect();
        let kinds: Vec<&str> = arguments.first().context("kinds")?.split(',').collect();
        if !kinds.contains(&"user") {
            given::user_namespace()?;
        }
        let what = arguments.get(1).map(String::as_str);
        container = start_container(&kinds, what == Some("in a lab"))?;
        match what {
            Some("gone") => end(container)?,
            // The lab's own PID 1 belongs to who made the lab.
            Some("another's") => container = Pid::from_raw(1),
            _ => {}
        }
        Ok(())
    });
    checked::returned(answers::join::join(container))
}

/// A container that waits, with these namespaces of its own. It has a parent that only waits, since
/// we shall not be it.
fn start_container(kinds: &[&str], in_a_lab: bool) -> Result<Pid> {
    let (mut told, tell) = pipe()?;
    if let ForkResult::Child = given::fork()? {
        drop(told);
        let failed = be_the_starter(kinds, in_a_lab, tell);
        eprintln!("the container: {:#}", failed.err().unwrap_or_else(|| anyhow::anyhow!("it ended")));
        given::exit(1);
    }
    drop(tell);
    let mut number = [0; 4];
    told.read_exact(&mut number).context("waiting for the container")?;
    Ok(Pid::from_raw(i32::from_ne_bytes(number)))
}

fn be_the_starter(kinds: &[&str], in_a_lab: bool, mut tell: PipeWriter) -> Result<()> {
    given::user_namespace()?;
    // A lab is a container, too: what the one in it doesn't have of its own is the lab's.
    let of_the_lab = ["cgroup", "ipc", "net", "uts"];
    let (lab, own): (Vec<&str>, Vec<&str>) = kinds.iter().partition(|kind| in_a_lab && of_the_lab.contains(kind));
    if in_a_lab {
        unshare(flags(&lab)?).context("unshare, for the lab")?;
        unshare(CloneFlags::CLONE_NEWUSER).context("unshare(CLONE_NEWUSER) in the lab")?;
        for file in ["uid_map", "gid_map"] {
            std::fs::write(format!("/proc/self/{file}"), "0 0 1").context(file)?;
        }
    }
    unshare(flags(&own)?).context("unshare")?;
    let (complete, completed) = pipe()?;
    match given::fork()? {
        ForkResult::Child => be_the_container(completed),
        ForkResult::Parent { child } => {
            drop(completed);
            wait_for(complete)?;
            tell.write_all(&child.as_raw().to_ne_bytes())?;
            drop(tell);
            given::exit(given::wait(child)?)
        }
    }
}

/// For all but the user namespace, which is made before.
fn flags(kinds: &[&str]) -> Result<CloneFlags> {
    let mut bits = 0;
    for kind in kinds {
        bits |= match *kind {
            "cgroup" => libc::CLONE_NEWCGROUP,
            "ipc" => libc::CLONE_NEWIPC,
            "mnt" => libc::CLONE_NEWNS,
            "net" => libc::CLONE_NEWNET,
            "pid" => libc::CLONE_NEWPID,
            "time" => libc::CLONE_NEWTIME,
            "user" => 0,
            "uts" => libc::CLONE_NEWUTS,
            other => anyhow::bail!("no kind {other}"),
        };
    }
    Ok(CloneFlags::from_bits_retain(bits))
}

/// With a /proc of its own: in the container the numbers of outside mean nothing.
fn be_the_container(mut completed: PipeWriter) -> ! {
    match given::own_proc() {
        Ok(()) => {
            // The name first: by it the container is found, as soon as it is said to be complete.
            checked::call_myself("container");
            let _ = completed.write_all(b"!");
            drop(completed);
            checked::stay_as("container")
        }
        Err(error) => {
            eprintln!("{error:#}");
            given::exit(1)
        }
    }
}

fn wait_for(mut complete: PipeReader) -> Result<()> {
    ensure!(complete.read(&mut [0])? == 1, "the container ended before it was complete");
    Ok(())
}

/// Ends the container, and waits until its number means nobody.
fn end(container: Pid) -> Result<()> {
    kill(container, Signal::SIGKILL)?;
    while File::open(format!("/proc/{container}/status")).is_ok() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    Ok(())
}
