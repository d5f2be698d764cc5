//! How a container goes away, whoever made it.

use std::fs;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::cgroup_removal;
use crate::locked::Locked;
use crate::program::report;
use crate::state::{Life, State, Status};
use crate::store::Store;
use crate::sys;
use crate::undo::{Journal, Undo};

/// How long a process may take to die of SIGKILL, where its removal was asked for.
const PATIENCE: Duration = Duration::from_secs(10);

/// And where somebody only comes by who wants something else.
const PATIENCE_WITH_DEBRIS: Duration = Duration::from_secs(2);

/// Removes a container that another process has made; with `force`, also a living one.
pub fn remove(store: &Store, name: &str, force: bool) -> Result<()> {
    let (folder, state) = store.find(name)?;
    let locked = if force {
        // A `run` holds the lock as long as its container lives; it sees the end, and removes it before we come to it.
        kill_by_record(&state, &folder, PATIENCE)?;
        Locked::take(&folder)?
    } else {
        let locked = store.try_lock(&folder)?;
        Some(locked.with_context(|| {
            format!("container {name} is busy: another process runs or removes it (--force ends it)")
        })?)
    };
    let Some(locked) = locked else { return Ok(()) };
    // What was true before we had the lock may have changed.
    match State::read(&folder) {
        Ok(Some(state)) if force => kill_by_record(&state, &locked.folder, PATIENCE)?,
        Ok(Some(state)) => match state.life() {
            Life::Gone => {}
            Life::Alive => bail!("container {name} is alive (process {}): end it first, or rm --force", state.pid),
            Life::OutOfSight => bail!("{}", out_of_sight(name)),
        },
        Ok(None) => {}
        Err(error) if force => drop(error),
        Err(error) => {
            return Err(
                error.context("its process, if there is one, is not known (rm --force removes it all the same)")
            );
        }
    }
    undo(&locked.folder)
}

fn out_of_sight(name: &str) -> String {
    format!(
        "container {name} was made in another PID or time namespace: whether it is alive can be seen only from there"
    )
}

/// Kills the process that a state file names, if it is still the same process, and waits until it is gone.
fn kill_by_record(state: &State, folder: &Path, patience: Duration) -> Result<()> {
    if state.pid == 0 {
        return Ok(());
    }
    if state.life() == Life::OutOfSight {
        bail!("{}", out_of_sight(&state.id[..12]));
    }
    // Open first, compare after: the pidfd then holds the very process whose start time was looked at.
    let Ok(pidfd) = sys::pidfd_open(Pid::from_raw(state.pid)) else { return Ok(()) };
    if !state.is_alive() {
        return Ok(());
    }
    match sys::pidfd_send_signal(pidfd.as_fd(), Signal::SIGKILL) {
        // It has died by itself meanwhile: a child notices when its maker is gone.
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(errno) => return Err(errno).with_context(|| format!("cannot kill process {} of the container", state.pid)),
    }
    // A container may be frozen (chapter 3).
    for undo in Journal::read(folder).unwrap_or_default() {
        if let Undo::RemoveCgroup(group) = undo {
            cgroup_removal::thaw(&group);
        }
    }
    let end = Instant::now() + patience;
    while state.is_alive() {
        let left = end.saturating_duration_since(Instant::now());
        let mut ended = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
        if poll(&mut ended, PollTimeout::try_from(left)?)? == 0 {
            bail!(
                "process {} of the container has not died of SIGKILL in {patience:?}\nlikely cause: it waits for a device (a \
                 broken disk, NFS), or is in a frozen cgroup\ncure: end that; the next run or rm --force removes it then",
                state.pid
            );
        }
    }
    Ok(())
}

// ANCHOR: debris
/// Finds what makers that were killed left half-made, and what their foreground containers left, and removes it. What can't
/// be removed stays for the next who comes by: it is told, and is no reason not to make another container.
pub fn remove_debris(store: &Store) -> Result<()> {
    let is_debris = |state: Option<&State>| {
        state.is_none_or(|state| {
            (state.status == Status::Creating || state.foreground) && state.life() != Life::OutOfSight
        })
    };
    for locked in store.claim(is_debris)? {
        if let Err(error) = remove_one(&locked) {
            report(&error.context(format!("what a killed run left can't be removed yet\n{}", locked.folder.display())));
        }
    }
    Ok(())
}

fn remove_one(debris: &Locked) -> Result<()> {
    if let Some(state) = State::read(&debris.folder)? {
        kill_by_record(&state, &debris.folder, PATIENCE_WITH_DEBRIS)?;
    }
    undo(&debris.folder)
}

/// Undoes what the journal says, then removes the state folder with the files that are known to be in it. If something
/// can't be undone, or there is more, the folder stays, for the next attempt.
pub(crate) fn undo(folder: &Path) -> Result<()> {
    Journal::undo_all(folder)?;
    let gone = |removed: std::io::Result<()>, what: &Path| match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.with_context(|| format!("cannot remove {}", what.display())),
    };
    // The state goes last: as long as it is there the container can be named.
    for name in ["gate", "undo.jsonl", "state.json.new", "state.json"] {
        let file = folder.join(name);
        gone(fs::remove_file(&file), &file)?;
    }
    gone(fs::remove_dir(folder), folder)
}
// ANCHOR_END: debris
