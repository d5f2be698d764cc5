//! Where containers are kept: one folder each, under one root.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use nix::unistd::Uid;

use crate::failure::Failure;
use crate::state::State;

/// The folder with everybody's state folders.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// Opens the store, or begins it: only for its owner to see, since a gate is in each of its folders.
    pub fn open(root: &Path) -> Result<Store> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(root)
            .with_context(|| format!("cannot make the state folder {} (choose another with --root)", root.display()))?;
        let root = root.canonicalize().with_context(|| format!("cannot find {}", root.display()))?;
        let owner = fs::symlink_metadata(&root)?.uid();
        if owner != Uid::effective().as_raw() {
            bail!("the state folder {} belongs to user {owner}, not to us: choose another with --root", root.display());
        }
        Ok(Store { root })
    }

    /// The default root: /run/coracle for root, a folder in $XDG_RUNTIME_DIR for others, or where there is none (plain
    /// ssh, su) a private one in the folder for temporary files.
    pub fn default_root() -> PathBuf {
        if Uid::effective().is_root() {
            return "/run/coracle".into();
        }
        match std::env::var_os("XDG_RUNTIME_DIR") {
            Some(folder) if Path::new(&folder).is_dir() => PathBuf::from(folder).join("coracle"),
            _ => std::env::temp_dir().join(format!("coracle-{}", Uid::effective())),
        }
    }

    /// Makes and locks the folder of a new container, with its first state in it: from then on its name is taken.
    pub(crate) fn new_folder(&self, state: &State) -> Result<Locked> {
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
        let folder = self.root.join(&state.id);
        DirBuilder::new().mode(0o700).create(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let locked = Locked::try_take(&folder)?.context("somebody else has locked a folder made a moment ago")?;
        state.write(&folder)?;
        Ok(locked)
    }

    /// Locks a container's folder, unless another process works on it. Whoever only [looks for debris](Store::claim) is
    /// waited for.
    pub(crate) fn try_lock(&self, folder: &Path) -> Result<Option<Locked>> {
        let _nobody_claims_meanwhile = self.lock_root()?;
        Locked::try_take(folder)
    }

    /// Locks all folders that nobody works on and that `is_debris` says so of (given the state, if one was written).
    pub(crate) fn claim(&self, is_debris: impl Fn(Option<&State>) -> bool) -> Result<Vec<Locked>> {
        let _nobody_makes_one_meanwhile = self.lock_root()?;
        let mut claimed = Vec::new();
        for folder in self.folders()? {
            if let Some(locked) = Locked::try_take(&folder)?
                && is_debris(State::read(&folder)?.as_ref())
            {
                claimed.push(locked);
            }
        }
        Ok(claimed)
    }

    /// The container that `name` means: a name, an id, or the unambiguous beginning of one.
    pub fn find(&self, name: &str) -> Result<(PathBuf, State)> {
        let states = self.states()?;
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

    /// All containers' states, oldest first.
    pub fn states(&self) -> Result<Vec<State>> {
        let mut states = Vec::new();
        for folder in self.folders()? {
            // A container may go while we look.
            states.extend(State::read(&folder)?);
        }
        states.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(states)
    }

    fn folders(&self) -> Result<Vec<PathBuf>> {
        let entries = fs::read_dir(&self.root).with_context(|| format!("cannot read {}", self.root.display()))?;
        let paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
        Ok(paths.into_iter().filter(|path| path.is_dir()).collect())
    }

    /// Held while folders are made or claimed, so that nobody takes a folder made a moment ago, not yet locked, for debris.
    fn lock_root(&self) -> Result<File> {
        let file = File::open(&self.root).with_context(|| format!("cannot open {}", self.root.display()))?;
        file.lock().with_context(|| format!("cannot lock {}", self.root.display()))?;
        Ok(file)
    }
}

// ANCHOR: locked
/// A state folder that is ours while this value lives: flock(2) on the folder itself. The kernel lets go of the lock when
/// its holder dies, however it dies; that is how debris is told from a container in the making.
///
/// A forked child holds the same lock. It must drop its copy, which closes it and unlocks nothing.
#[derive(Debug)]
pub(crate) struct Locked {
    pub folder: PathBuf,
    _lock: File,
}
// ANCHOR_END: locked

impl Locked {
    /// Takes the lock, or returns `None` when somebody holds it or the folder is gone.
    pub fn try_take(folder: &Path) -> Result<Option<Locked>> {
        Locked::take_by(folder, |file| match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        })
    }

    /// Waits for the lock; `None` when the folder is gone by then.
    pub fn take(folder: &Path) -> Result<Option<Locked>> {
        Locked::take_by(folder, |file| file.lock().map(|()| true))
    }

    fn take_by(folder: &Path, lock: impl FnOnce(&File) -> std::io::Result<bool>) -> Result<Option<Locked>> {
        let file = match File::open(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.with_context(|| format!("cannot open {}", folder.display()))?,
        };
        let locked = lock(&file).with_context(|| format!("cannot lock {}", folder.display()))?;
        // The holder before us may have removed it.
        let ours = locked && folder.exists();
        Ok(ours.then(|| Locked { folder: folder.into(), _lock: file }))
    }
}

/// A new id: 32 random bytes, as Docker's.
pub(crate) fn new_id() -> Result<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).context("cannot read /dev/urandom")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Docker's rule for names: a letter or digit, then letters, digits, `_`, `.` and `-`.
fn check_name(name: &str) -> Result<()> {
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
        assert_eq!(a.len(), 64);
        assert_ne!(a, b);
    }
}
