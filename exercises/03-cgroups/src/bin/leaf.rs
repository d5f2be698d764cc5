//! The program around an answer to exercise 3.2. `cargo wb check 3.2` builds it and runs it in the
//! lab.

use std::fs;
use std::io::{Read, Write, pipe};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use given::{Cgroup, Version, checked};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{ForkResult, Pid, getppid, pause};

include!(concat!(env!("OUT_DIR"), "/leaf.rs"));

/// To move them takes a while, in which one can end.
const MANY: usize = 30;

/// Arguments: a name; and what the parent is like: `busy`, with this process and another in it;
/// `twice`, the same, and room is made two times; `hybrid`, the same, and one controller isn't
/// there; `ending`, with many, of which one ends meanwhile; of `v1`; or `gone`.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let case = arguments.get(1).map_or("", String::as_str);
    let given = || -> Result<(PathBuf, Vec<String>)> {
        let name = arguments.first().context("a name")?;
        let (room, mut controllers) = checked::make_v2_group(&format!("room-{name}"))?;
        match case {
            "v1" => {
                let group = Cgroup::place(name)?;
                if group.version("memory")? == Version::V1 {
                    checked::make_group(&group)?;
                    let parent = group.directory("memory")?.to_path_buf();
                    be_in(&parent)?;
                    return Ok((parent, controllers));
                }
            }
            "gone" => fs::remove_dir(&room).context("removing the parent")?,
            "ending" => be_in(&room).and_then(|()| have_one_end(&room))?,
            _ => be_in(&room)?,
        }
        if case == "hybrid" {
            controllers.insert(0, "elsewhere".into());
        }
        Ok((room, controllers))
    };
    let (parent, controllers) = given().unwrap_or_else(|error| checked::blocked(&error));
    let controllers: Vec<&str> = controllers.iter().map(String::as_str).collect();
    checked::ready(|| Ok(()));
    let mut result = answers::leaf::make_room(&parent, &controllers);
    if case == "twice" {
        result = result.and_then(|()| answers::leaf::make_room(&parent, &controllers));
    }
    checked::returned(result)
}

/// This process, and a child.
fn be_in(group: &Path) -> Result<()> {
    fs::write(group.join("cgroup.procs"), "0").context("joining the parent")?;
    if let ForkResult::Child = given::fork()? {
        loop {
            pause();
        }
    }
    Ok(())
}

/// Starts a process outside of the group that starts many in it. When there is a group below, the
/// one of them that is listed last ends: whoever has read the list by then finds it in there, and
/// it is gone.
fn have_one_end(group: &Path) -> Result<()> {
    let (mut are_in, mut tells) = pipe().context("a pipe")?;
    if let ForkResult::Parent { .. } = given::fork()? {
        // So that the other one comes between two steps of the answer.
        checked::be_idle();
        return are_in.read_exact(&mut [0]).context("waiting for processes in the group");
    }
    let started = start_many(group).unwrap_or_else(|error| checked::blocked(&error));
    let made = Inotify::init(InitFlags::empty()).context("inotify")?;
    made.add_watch(group, AddWatchFlags::IN_CREATE).context("watching the group")?;
    let list = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    let last = list.lines().rev().find_map(|line| started.iter().find(|child| child.to_string() == line));
    let _ = tells.write_all(&[0]);
    if let (Ok(_), Some(last)) = (made.read_events(), last) {
        // The answer stands still meanwhile, or it would be a race.
        let _ = kill(getppid(), Signal::SIGSTOP);
        let _ = kill(*last, Signal::SIGKILL);
        let _ = given::wait(*last);
        let _ = kill(getppid(), Signal::SIGCONT);
    }
    loop {
        pause();
    }
}

fn start_many(group: &Path) -> Result<Vec<Pid>> {
    let outside = group.with_file_name("elsewhere");
    fs::create_dir(&outside).context("mkdir")?;
    fs::write(outside.join("cgroup.procs"), "0").context("going elsewhere")?;
    let mut started = Vec::new();
    for _ in 0..MANY {
        match given::fork()? {
            ForkResult::Parent { child } => started.push(child),
            ForkResult::Child => loop {
                pause();
            },
        }
    }
    let move_in = |child: &Pid| fs::write(group.join("cgroup.procs"), child.to_string()).context("moving one in");
    started.iter().try_for_each(move_in)?;
    Ok(started)
}
