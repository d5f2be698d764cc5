//! Where containers are kept: one directory each, under one root.

use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::unistd::Pid;

use crate::data_root;
use crate::failure::Failure;
use crate::locked::{self, Locked};
use crate::ownership::is_ours;
use crate::recorded_process::{SeenFrom, start_time};
use crate::state::{MAKER, State};

/// How long a child may take to let go of its dead maker's lock: it was cloned a moment ago, and
/// the machine may be busy. One in a frozen cgroup never does.
const PATIENCE_WITH_ORPHANS: Duration = Duration::from_secs(2);

/// The directory with everybody's state directories.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// Opens the store, or begins it in a directory that isn't there or is empty.
    pub fn open(root: &Path) -> Result<Store> {
        Ok(Store { root: data_root::open(root)? })
    }

    /// The default root: /run/coracle for root, $XDG_RUNTIME_DIR/coracle for others, or a private
    /// directory among the temporary files.
    pub fn default_root() -> PathBuf {
        data_root::default()
    }

    /// Its directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes and locks the directory of a new container, with its first state in it: from then on its
    /// name is taken.
    pub(crate) fn new_directory(&self, state: &State) -> Result<Locked> {
        let _one_at_a_time = self.lock_root()?;
        if let Some(name) = &state.name {
            check_name(name)?;
            if let Some(other) = self.states()?.into_iter().find(|other| other.name.as_ref() == Some(name)) {
                bail!(
                    "the name {name:?} is taken by container {}: remove that one, or choose another name",
                    &other.id[..12]
                );
            }
        }
        let directory = self.root.join(&state.id);
        DirBuilder::new()
            .mode(0o700)
            .create(&directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
        let locked = Locked::try_take(&directory)
            .and_then(|locked| locked.context("somebody else has locked a directory made a moment ago"))
            .and_then(|locked| state.write_first(&directory).map(|()| locked));
        if locked.is_err() {
            // A full disk, say. Nothing else knows of the directory yet.
            for name in ["state.json.new", MAKER] {
                let _ = fs::remove_file(directory.join(name));
            }
            let _ = fs::remove_dir(&directory);
        }
        locked
    }

    /// Locks a container's directory, unless another process works on it. Whoever only [looks for
    /// debris](Store::claim) is waited for.
    pub(crate) fn try_lock(&self, directory: &Path) -> Result<Option<Locked>> {
        let _nobody_claims_meanwhile = self.lock_root()?;
        Locked::try_take(directory)
    }

    /// Locks all directories that nobody works on and that `is_debris` says so of (given the state, if
    /// one was written). A state that can't be read says nothing, so its directory stays for whoever
    /// removes it by its id.
    ///
    /// This is on the way of each new container, so it costs next to nothing for each that lives: its
    /// lock is tried, and its maker's process id asked for. No state is read.
    pub(crate) fn claim(&self, is_debris: impl Fn(Option<&State>) -> bool) -> Result<Vec<Locked>> {
        let nobody_makes_one_meanwhile = self.lock_root()?;
        let is_debris = |locked: &Locked| State::read(&locked.directory).is_ok_and(|state| is_debris(state.as_ref()));
        let (mut claimed, mut orphaned) = (Vec::new(), Vec::new());
        for directory in self.entries()? {
            // One that can't even be opened bars none of the others.
            match Locked::try_take(&directory) {
                Ok(Some(locked)) if locked.is_ours() && is_debris(&locked) => claimed.push(locked),
                Ok(None) if State::has_lost_its_maker(&directory) => orphaned.push(directory),
                _ => {}
            }
        }
        drop(nobody_makes_one_meanwhile);
        // A child of the dead maker's still has its copy of the lock, until it sees that it is alone.
        for directory in orphaned {
            let locked = Locked::take_within(PATIENCE_WITH_ORPHANS, &directory).ok().flatten();
            claimed.extend(locked.filter(is_debris));
        }
        Ok(claimed)
    }

    /// The container that `name` means: a name, an id, or the unambiguous beginning of one.
    pub fn find(&self, name: &str) -> Result<(PathBuf, State)> {
        // A whole id is its directory's name: no other has to be read.
        let directory = self.root.join(name);
        if is_id(name) && is_state_directory(&directory)? {
            let state = State::read(&directory).ok().flatten().unwrap_or_else(|| State::damaged(&directory));
            return Ok((directory, state));
        }
        let states = self.states_of(|directory| Some(State::damaged(directory)))?;
        let by_name = states.iter().position(|state| state.name.as_deref() == Some(name) || state.id == name);
        let by_prefix = || {
            let mut matches = (0..states.len()).filter(|&index| !name.is_empty() && states[index].id.starts_with(name));
            match (matches.next(), matches.next()) {
                (Some(_), Some(_)) => bail!("several containers' ids begin with {name:?}: give more digits"),
                (first, _) => Ok(first),
            }
        };
        match by_name.map_or_else(by_prefix, |index| Ok(Some(index)))? {
            Some(index) => Ok((self.root.join(&states[index].id), states[index].clone())),
            None => bail!(Failure::new(1, format!("no such container: {name}"))),
        }
    }

    /// The state directory of a container whose state is known.
    pub fn directory_of(&self, state: &State) -> PathBuf {
        self.root.join(&state.id)
    }

    /// All containers' states, oldest first; [damaged](State::damaged) ones first of all.
    pub fn states(&self) -> Result<Vec<State>> {
        // A container may go while we look, or come.
        self.states_of(|_| None)
    }

    /// The same, with `missing` for a directory without a state: one that can't be removed can
    /// still be named by its id.
    fn states_of(&self, missing: impl Fn(&Path) -> Option<State>) -> Result<Vec<State>> {
        let mut states = Vec::new();
        for directory in self.directories()? {
            match State::read(&directory) {
                Ok(state) => states.extend(state.or_else(|| missing(&directory))),
                Err(_) => states.push(State::damaged(&directory)),
            }
        }
        states.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(states)
    }

    /// The state directories.
    fn directories(&self) -> Result<Vec<PathBuf>> {
        let entries = self.entries()?.into_iter();
        entries.filter_map(|path| is_state_directory(&path).map(|is| is.then_some(path)).transpose()).collect()
    }

    /// What is named as [`new_id`] names them. Nothing else in the root is ever looked into, or
    /// removed.
    fn entries(&self) -> Result<Vec<PathBuf>> {
        let cannot = || format!("cannot read {}", self.root.display());
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.root).with_context(cannot)? {
            let entry = entry.with_context(cannot)?;
            paths.extend(is_id(&entry.file_name().to_string_lossy()).then(|| entry.path()));
        }
        Ok(paths)
    }

    /// Held while directories are made or claimed, so that nobody takes a directory made a moment ago,
    /// not yet locked, for debris.
    fn lock_root(&self) -> Result<File> {
        let mark = data_root::mark_of(&self.root);
        let file = File::open(&mark).with_context(|| format!("cannot open {}", mark.display()))?;
        locked::lock_in_time(&file, &mark)?;
        Ok(file)
    }

    /// From where this process looks. In a container of this store it is known what lies above.
    pub(crate) fn seen_from(&self) -> Result<SeenFrom> {
        let here = SeenFrom::here();
        if here.is_the_machines_own() {
            return Ok(here);
        }
        // The number of a namespace that is gone is used again: its first process must be the same,
        // too.
        let first = start_time(Pid::from_raw(1));
        let is_ours = |state: &State| {
            let is_new = state.seen_from.pid_namespace() != here.pid_namespace();
            is_new && state.pid_namespace == here.pid_namespace() && Some(state.start_time) == first
        };
        Ok(match self.states()?.iter().find(|state| is_ours(state)) {
            Some(outer) => here.below(&outer.seen_from),
            None => here,
        })
    }
}

/// Whether it is ours, a real directory and no link.
fn is_state_directory(path: &Path) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(meta) => Ok(meta.is_dir() && is_ours(&meta)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot look at {}", path.display())),
    }
}

/// A new id: 32 random bytes, as Docker's.
pub fn new_id() -> Result<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).context("cannot read /dev/urandom")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether a name is an id of ours.
pub fn is_id(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|letter| letter.is_ascii_digit() || (b'a'..=b'f').contains(&letter))
}

/// Docker's rule for names: a letter or digit, then letters, digits, `_`, `.` and `-`.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let mut letters = name.chars();
    let starts_well = letters.next().is_some_and(|first| first.is_ascii_alphanumeric());
    if !starts_well || !letters.all(|letter| letter.is_ascii_alphanumeric() || "_.-".contains(letter)) {
        bail!("{name:?} can't be a container's name: a letter or digit, then letters, digits, '_', '.' or '-'");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded_process::RecordedProcess;
    use crate::state::Status;

    /// A container in the making, and its lock.
    fn in_the_making(store: &Store, maker: RecordedProcess) -> Locked {
        let id = new_id().unwrap();
        let state = State { id: id.clone(), status: Status::Creating, ..State::damaged(&store.root().join(&id)) };
        store.new_directory(&State { maker: Some(maker), ..state }).unwrap()
    }

    #[test]
    fn a_dead_makers_lock_is_waited_for_until_its_child_lets_go() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(&root.path().join("store")).unwrap();
        let mut killed = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let dead = RecordedProcess::from_pid(Pid::from_raw(killed.id() as i32)).unwrap();
        killed.kill().and_then(|()| killed.wait()).unwrap();
        let lock = in_the_making(&store, dead);
        let directory = lock.directory.clone();
        let child = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            drop(lock);
        });
        let claimed = store.claim(|_| true).unwrap();
        assert_eq!(claimed.into_iter().map(|locked| locked.directory).collect::<Vec<_>>(), [directory]);
        child.join().unwrap();
    }

    #[test]
    fn a_living_makers_lock_is_not_waited_for() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(&root.path().join("store")).unwrap();
        let lock = in_the_making(&store, RecordedProcess::from_pid(Pid::this()).unwrap());
        let begun = std::time::Instant::now();
        assert!(store.claim(|_| true).unwrap().is_empty());
        assert!(begun.elapsed() < PATIENCE_WITH_ORPHANS);
        drop(lock);
    }

    #[test]
    fn names_are_dockers() {
        for good in ["a", "web.1", "My_box-2"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "../x", "a b", ".hidden", "a/b"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_are_64_digits_and_differ() {
        let (a, b) = (new_id().unwrap(), new_id().unwrap());
        assert!(is_id(&a) && !is_id("photos"), "{a}");
        assert_ne!(a, b);
    }
}
