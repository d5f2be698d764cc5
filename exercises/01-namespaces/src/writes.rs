//! Which of a process's files in /proc are written to, and in which order.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use lab::observe;
use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};

const FILES: [&str; 3] = ["setgroups", "uid_map", "gid_map"];

/// An ordinary user's lab is a user namespace in which setgroups is denied, and that is inherited:
/// in there the kernel lets a group map pass whose writer forgot to deny it, and the file reads
/// "deny" all the same. So the kernel is asked who wrote what: inotify(7) sees what goes through a
/// file's inode, also in /proc.
pub struct Writes {
    inotify: Inotify,
    watches: Vec<(WatchDescriptor, &'static str)>,
}

impl Writes {
    /// Watches the files of a program in the lab, through the lab's own /proc: another mount has
    /// other inodes.
    pub fn watch(pid: i32) -> Result<Writes> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).context("inotify_init")?;
        let directory = as_seen_in_the_lab(pid)?;
        let watch = |file| {
            let path = directory.join(file);
            let watch = inotify.add_watch(&path, AddWatchFlags::IN_MODIFY);
            Ok((watch.with_context(|| format!("inotify_add_watch({})", path.display()))?, file))
        };
        let watches = FILES.into_iter().map(watch).collect::<Result<_>>()?;
        Ok(Writes { inotify, watches })
    }

    /// Names of the files that were written to, each once, the first first.
    pub fn so_far(&self) -> Result<Vec<&'static str>> {
        let events = match self.inotify.read_events() {
            Err(Errno::EAGAIN) => return Ok(Vec::new()),
            events => events.context("reading from inotify")?,
        };
        let mut names: Vec<&'static str> = Vec::new();
        for event in events {
            let known = self.watches.iter().find(|(watch, _)| *watch == event.wd);
            names.extend(known.map(|(_, name)| *name).filter(|name| !names.contains(name)));
        }
        Ok(names)
    }
}

/// The process's directory in the /proc that it sees itself.
fn as_seen_in_the_lab(pid: i32) -> Result<PathBuf> {
    let proc = PathBuf::from(format!("/proc/{pid}/root/proc"));
    let device = |path: &Path| fs::metadata(path).map(|found| found.dev()).with_context(|| path.display().to_string());
    // A lab without a /proc of its own (in Docker) has the one that we see.
    let same = device(&proc)? == device(Path::new("/proc"))?;
    let number = if same { Some(pid) } else { observe::ns_pids(pid)?.last().copied() };
    Ok(proc.join(number.context("a number in the lab")?.to_string()))
}
