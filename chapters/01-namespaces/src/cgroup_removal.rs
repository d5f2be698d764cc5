//! How a cgroup goes away: what is in it is ended, then the directory is removed, children first.
//! (Cgroups are chapter 3's; what any chapter's program may have to undo is here.)

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::statfs::{CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, statfs};
use nix::unistd::Pid;

use crate::frozen;

/// How long processes may take to die, and the kernel to let go of them.
const PATIENCE: Duration = Duration::from_secs(10);

// ANCHOR: remove
/// Removes a cgroup and all below it. Whatever still is in it is killed. A directory that is gone
/// already is no error, nor is one that never could be, below a file; and one that is no cgroup is
/// left alone.
pub fn remove(cgroup: &Path) -> Result<()> {
    match statfs(cgroup) {
        Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(()),
        Err(errno) => return Err(errno).with_context(|| format!("statfs {}", cgroup.display())),
        Ok(found) if ![CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC].contains(&found.filesystem_type()) => {
            bail!("{} is not a cgroup: nothing was removed", cgroup.display());
        }
        Ok(_) => {}
    }
    let end = Instant::now() + PATIENCE;
    loop {
        match remove_tree(cgroup) {
            Ok(()) => return Ok(()),
            // EBUSY: a process is in it. ENOTEMPTY: a child was made meanwhile.
            Err(error) if matches!(error.raw_os_error(), Some(libc::EBUSY | libc::ENOTEMPTY)) => {}
            Err(error) => return Err(error).with_context(|| format!("rmdir {}", cgroup.display())),
        }
        if Instant::now() >= end {
            bail!("rmdir {}: EBUSY: what is in it has not died of SIGKILL in {PATIENCE:?}", cgroup.display());
        }
        end_all(cgroup);
        sleep(Duration::from_millis(1));
    }
}

/// Only rmdir(2), and children first: the files in a cgroup are the kernel's and go with it.
fn remove_tree(cgroup: &Path) -> io::Result<()> {
    for child in children(cgroup) {
        remove_tree(&child)?;
    }
    match fs::remove_dir(cgroup) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
// ANCHOR_END: remove

// ANCHOR: shared
/// The mark of a cgroup that a container of ours made for all that will use it: the sticky bit.
/// mkdir(2) makes it together with the directory, so nobody sees one without the other; and any
/// user may, on v1 as on v2, which no extended attribute offers.
pub const SHARED: u32 = 0o1000;

/// Whether a cgroup has the mark.
pub fn is_shared(cgroup: &Path) -> bool {
    fs::metadata(cgroup).is_ok_and(|meta| meta.mode() & SHARED != 0)
}

/// Removes a cgroup with the mark if nobody uses it. One that somebody else made meanwhile stays.
pub(crate) fn remove_if_unused(cgroup: &Path) -> io::Result<()> {
    if !is_shared(cgroup) {
        return Ok(());
    }
    match fs::remove_dir(cgroup) {
        Err(error) if error.raw_os_error() == Some(libc::EBUSY) => Ok(()),
        removed => removed,
    }
}
// ANCHOR_END: shared

// ANCHOR: end_all
/// Kills everything in a cgroup and below it.
///
/// v2 has a file for it (cgroup.kill, Linux 5.14). On v1 each process is killed by its number;
/// where the freezer has it, it is frozen meanwhile, so that a fork bomb can't get ahead of us: a
/// killed process dies when it is thawed.
fn end_all(cgroup: &Path) {
    if fs::write(cgroup.join("cgroup.kill"), "1").is_ok() {
        return;
    }
    let _ = fs::write(cgroup.join("freezer.state"), "FROZEN");
    kill_below(cgroup);
    frozen::thaw(cgroup);
}

fn kill_below(cgroup: &Path) {
    for child in children(cgroup) {
        kill_below(&child);
    }
    let processes = fs::read_to_string(cgroup.join("cgroup.procs")).unwrap_or_default();
    // 0 stands for a process that has no number in our PID namespace. (And kill(0) would be our own
    // process group.)
    for pid in processes.lines().filter_map(|line| line.parse().ok()).filter(|pid: &i32| *pid > 0) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}
// ANCHOR_END: end_all

pub(crate) fn children(cgroup: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(cgroup).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_directory_that_is_no_cgroup_is_left_alone() {
        let directory = std::env::temp_dir().join(format!("no-cgroup-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        assert!(remove(&directory).unwrap_err().to_string().contains("not a cgroup"));
        assert!(directory.exists());
        fs::remove_dir(&directory).unwrap();
        remove(&directory).unwrap();
    }

    #[test]
    fn of_shared_ones_only_what_has_the_mark_is_removed() {
        let directory = std::env::temp_dir().join(format!("shared-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        remove_if_unused(&directory).unwrap();
        assert!(directory.exists());
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755 | SHARED)).unwrap();
        remove_if_unused(&directory).unwrap();
        assert!(!directory.exists());
    }

    #[test]
    fn a_directory_that_could_never_be_made_is_gone() {
        remove(Path::new("/proc/self/status/coracle-1")).unwrap();
    }
}
