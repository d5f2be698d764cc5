//! How a container goes away, whoever made it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::frozen;
use crate::locked::Locked;
use crate::process_end::{self, PATIENCE, out_of_sight};
use crate::program::report;
use crate::recorded_process::Life;
use crate::state::{MAKER, State, Status};
use crate::store::Store;
use crate::undo::{Journal, Records, Undo};

/// How long a process may take to die of SIGKILL, where somebody only comes by who wants something
/// else.
const PATIENCE_WITH_DEBRIS: Duration = Duration::from_secs(2);

/// Removes a container that another process has made; with `force`, also a living one.
pub fn remove(store: &Store, name: &str, force: bool) -> Result<()> {
    let (directory, state) = store.find(name)?;
    let locked = if force {
        // A `run` holds the lock as long as its container lives; it sees the end, and removes it before we
        // come to it.
        end_recorded(&directory, Some(&state), PATIENCE)?;
        Locked::take(&directory)?
    } else {
        let locked = store.try_lock(&directory)?;
        Some(locked.with_context(|| {
            format!("container {name} is busy: another process runs or removes it (--force ends it)")
        })?)
    };
    let Some(locked) = locked else { return Ok(()) };
    // What was true before we had the lock may have changed.
    let state = State::read(&directory);
    if force {
        end_recorded(&locked.directory, state.ok().flatten().as_ref(), PATIENCE)?;
        return undo(&locked.directory, Damaged::PassOver);
    }
    match state {
        Ok(Some(state)) => match state.life() {
            Life::Gone => {}
            Life::Alive => bail!("container {name} is alive (process {}): end it first, or rm --force", state.pid),
            Life::OutOfSight => bail!("container {name}: {}", out_of_sight(state.pid)),
        },
        Ok(None) => {}
        Err(error) => {
            return Err(
                error.context("its state can't be read (rm --force ends its process and removes it all the same)")
            );
        }
    }
    undo(&locked.directory, Damaged::Refuse)
}

/// Ends the process of a container, by its state and by its journal: one of the two may be damaged.
fn end_recorded(directory: &Path, state: Option<&State>, patience: Duration) -> Result<()> {
    let records = Journal::read(directory).unwrap_or_default();
    let by_journal = records.undos.iter().filter_map(|undo| match undo {
        Undo::EndProcess(process) => Some(process.clone()),
        _ => None,
    });
    for process in state.map(State::process).into_iter().chain(by_journal) {
        // A container may be frozen (chapter 3).
        process_end::end_after(&process, patience, || thaw(&records))?;
    }
    Ok(())
}

/// Lets everything in a container's cgroups go on, so that it can die.
pub(crate) fn thaw_cgroups(directory: &Path) {
    thaw(&Journal::read(directory).unwrap_or_default());
}

/// The cgroups that were made for a container.
pub(crate) fn cgroups_of(directory: &Path) -> Result<Vec<PathBuf>> {
    let undos = Journal::read(directory)?.undos.into_iter();
    Ok(undos.filter_map(|undo| if let Undo::RemoveCgroup(cgroup) = undo { Some(cgroup) } else { None }).collect())
}

fn thaw(records: &Records) {
    for undo in &records.undos {
        if let Undo::RemoveCgroup(cgroup) = undo {
            frozen::thaw(cgroup);
        }
    }
}

// ANCHOR: debris
/// Finds what makers that were killed left half-made, and what their foreground containers left,
/// and removes it. What can't be removed stays for the next who comes by: it is told, and is no
/// reason not to make another container.
pub fn remove_debris(store: &Store) -> Result<()> {
    let is_debris = |state: Option<&State>| {
        state.is_none_or(|state| {
            (state.status == Status::Creating || state.foreground) && state.life() != Life::OutOfSight
        })
    };
    for locked in store.claim(is_debris)? {
        if let Err(error) = remove_one(&locked) {
            report(
                &error.context(format!("what a killed run left can't be removed yet\n{}", locked.directory.display())),
            );
        }
    }
    Ok(())
}

fn remove_one(debris: &Locked) -> Result<()> {
    end_recorded(&debris.directory, State::read(&debris.directory)?.as_ref(), PATIENCE_WITH_DEBRIS)?;
    undo(&debris.directory, Damaged::Refuse)
}

/// Undoes what the journal says, then removes the state directory with the files that are known to
/// be in it. If something can't be undone, or there is more, the directory stays, for the next
/// attempt.
pub(crate) fn undo(directory: &Path, damaged: Damaged) -> Result<()> {
    let records = Journal::read(directory)?;
    records.undo_all().map_err(|error| anyhow!("{error:#}\ncure: do that by hand, then rm --force again"))?;
    if !records.damaged.is_empty() {
        let named = format!("{}/undo.jsonl is damaged: {}", directory.display(), records.damaged.join("; "));
        match damaged {
            Damaged::Refuse => {
                bail!("{named}\ncure: rm --force passes over these lines; nobody undoes then what they say")
            }
            Damaged::PassOver => drop(report(&anyhow!("{named}\nwhat these lines say was not undone"))),
        }
    }
    // Before anything is removed: without its state, nobody could name the container any more.
    if let Some(other) = unknown_file(directory)? {
        bail!(
            "{} is not one of our files, so it stays, and the container with it\n\
             cure: move it elsewhere (or rm -r it), then rm again",
            other.display()
        );
    }
    let gone = |removed: std::io::Result<()>, what: &Path| match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.with_context(|| format!("cannot remove {}", what.display())),
    };
    for name in FILES {
        let file = directory.join(name);
        gone(fs::remove_file(&file), &file)?;
    }
    gone(fs::remove_dir(directory), directory)
}
// ANCHOR_END: debris

/// The state goes last: as long as it is there the container can be named.
const FILES: [&str; 5] = ["gate", "undo.jsonl", MAKER, "state.json.new", "state.json"];

/// What becomes of lines in a journal that can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damaged {
    Refuse,
    /// Says so, and goes on.
    PassOver,
}

/// Something in a state directory that is neither one of [`FILES`] nor was undone by the journal.
fn unknown_file(directory: &Path) -> Result<Option<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        entries => entries.with_context(|| format!("cannot read {}", directory.display()))?,
    };
    let paths = entries.collect::<std::io::Result<Vec<_>>>()?.into_iter().map(|entry| entry.path());
    let is_known = |path: &PathBuf| FILES.iter().any(|name| path.file_name() == Some(name.as_ref())) && !path.is_dir();
    Ok(paths.into_iter().find(|path| !is_known(path)))
}
