//! The machine-made root file system is made once, and again when the machine's programs change.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, bail, ensure};
use ch01_namespaces::ownership::{is_ours, private_temporary_directory, why_we_own_nothing};
use ch01_namespaces::{Privilege, lock_in_time, open_lock};
use nix::unistd::{AccessFlags, access};
use serde::{Deserialize, Serialize};

use super::{DEFAULT, create, find_program};

/// What the root was made of; when one of these has changed it is made anew.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    /// Which of our own versions made it.
    version: String,
    /// The programs that were asked for.
    programs: Vec<String>,
    /// Those among them that the machine didn't have.
    missing: Vec<String>,
    /// The directory, beside this manifest.
    root: String,
    sources: Vec<Source>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Source {
    path: PathBuf,
    size: u64,
    /// Of the last change, in nanoseconds since 1970.
    modified: u128,
}

/// The default root file system, from the cache directory, made if need be.
pub fn cached() -> Result<PathBuf> {
    cached_in(&directory()?)
}

fn cached_in(directory: &Path) -> Result<PathBuf> {
    make_directory(directory)?;
    if let Some(root) = fresh(directory) {
        return Ok(root);
    }
    // One makes it, the others wait and then find it made.
    let _lock = lock(directory)?;
    if let Some(root) = fresh(directory) {
        return Ok(root);
    }
    let before = manifest(directory).map(|manifest| manifest.root);
    let name = format!("root-{}", std::time::SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis());
    let root = directory.join(&name);
    let made = create(&root, &DEFAULT.map(String::from))?;
    let sources = made.sources.iter().map(|path| source(path)).collect::<Result<_>>()?;
    let manifest = Manifest {
        version: env!("CARGO_PKG_VERSION").into(),
        programs: DEFAULT.map(String::from).to_vec(),
        missing: made.missing,
        root: name.clone(),
        sources,
    };
    let temporary = directory.join("manifest.json.new");
    fs::write(&temporary, serde_json::to_vec(&manifest)?)?;
    fs::rename(&temporary, directory.join("manifest.json"))?;
    remove_older(directory, &[Some(name), before])?;
    Ok(root)
}

/// Locks a file that only we can open. The directory itself is readable for others, and whoever can
/// open it could lock it for ever.
fn lock(directory: &Path) -> Result<File> {
    let path = directory.join("lock");
    let file = open_lock(&path).with_context(|| format!("cannot open {}", path.display()))?;
    lock_in_time(&file, &path)?;
    Ok(file)
}

fn fresh(directory: &Path) -> Option<PathBuf> {
    let manifest = manifest(directory)?;
    let root = directory.join(&manifest.root);
    (manifest.is_true() && root.is_dir()).then_some(root)
}

impl Manifest {
    /// Whether the same would be made now.
    fn is_true(&self) -> bool {
        self.version == env!("CARGO_PKG_VERSION")
            && self.programs == DEFAULT
            && self.missing.iter().all(|name| find_program(name).is_none())
            && self.sources.iter().all(|known| source(&known.path).is_ok_and(|now| now == *known))
    }
}

fn manifest(directory: &Path) -> Option<Manifest> {
    serde_json::from_slice(&fs::read(directory.join("manifest.json")).ok()?).ok()
}

fn source(path: &Path) -> Result<Source> {
    let meta = fs::metadata(path).with_context(|| format!("cannot look at {}", path.display()))?;
    let modified = meta.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    Ok(Source { path: path.into(), size: meta.size(), modified })
}

/// The one before the newest stays, since containers may still run on it. What a killed process was
/// growing goes: we hold the lock.
fn remove_older(directory: &Path, keep: &[Option<String>]) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.trim_start_matches('.').starts_with("root-") && !keep.contains(&Some(name)) {
            fs::remove_dir_all(entry.path()).with_context(|| format!("cannot remove {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// /var/cache/coracle for root, $XDG_CACHE_HOME or ~/.cache for others; in the directory for
/// temporary files where there is no home that can be written to.
///
/// What lies there becomes a container's root, so nobody else may be able to write into it.
fn directory() -> Result<PathBuf> {
    if let Some(reason) = why_we_own_nothing() {
        bail!("no directory for the machine-made root file system can be trusted: {reason}");
    }
    let machines = Privilege::current().is_root().then(|| PathBuf::from("/var/cache"));
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let users = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let candidates = [machines, users, home].into_iter().flatten().filter(|cache| cache.is_absolute());
    for directory in candidates.map(|cache| cache.join("coracle/hostbox")) {
        if make_directory(&directory).is_ok() && is_private(&directory) && access(&directory, AccessFlags::W_OK).is_ok()
        {
            return Ok(directory);
        }
    }
    let directory = private_temporary_directory("coracle-cache");
    DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
    // Everybody may write there: it could be a link, or somebody else's.
    ensure!(is_private(&directory), "{} is not a directory of ours alone: set XDG_CACHE_HOME", directory.display());
    Ok(directory.join("hostbox"))
}

/// A directory, and no link to one, that belongs to us and that nobody else may write to.
fn is_private(directory: &Path) -> bool {
    fs::symlink_metadata(directory)
        .is_ok_and(|meta| meta.is_dir() && is_ours(&meta) && meta.permissions().mode() & 0o022 == 0)
}

fn make_directory(directory: &Path) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o755).create(directory);
    made.with_context(|| format!("cannot make {}", directory.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_call_finds_what_the_first_has_made() {
        let directory = tempfile::tempdir().unwrap();
        let first = cached_in(directory.path()).unwrap();
        assert_eq!(cached_in(directory.path()).unwrap(), first);
    }

    #[test]
    fn a_lock_on_the_directory_that_others_can_open_holds_nobody_up() {
        let directory = tempfile::tempdir().unwrap();
        let others = File::open(directory.path()).unwrap();
        others.lock().unwrap();
        cached_in(directory.path()).unwrap();
        let mode = fs::metadata(directory.path().join("lock")).unwrap().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }

    #[test]
    fn a_program_that_was_missing_and_came_makes_a_new_one() {
        let directory = tempfile::tempdir().unwrap();
        cached_in(directory.path()).unwrap();
        let mut manifest = manifest(directory.path()).unwrap();
        assert!(manifest.is_true());
        manifest.missing = vec!["sh".into()];
        assert!(!manifest.is_true());
    }

    #[test]
    fn a_directory_that_others_may_write_to_is_not_private() {
        let directory = tempfile::tempdir().unwrap();
        assert!(is_private(directory.path()));
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o770)).unwrap();
        assert!(!is_private(directory.path()));
        std::os::unix::fs::symlink("/", directory.path().join("link")).unwrap();
        assert!(!is_private(&directory.path().join("link")));
    }

    #[test]
    fn what_a_killed_process_was_growing_goes() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join(".root-1.7/usr")).unwrap();
        cached_in(directory.path()).unwrap();
        assert!(!directory.path().join(".root-1.7").exists());
    }

    #[test]
    fn a_changed_program_makes_a_new_one_and_keeps_the_last() {
        let directory = tempfile::tempdir().unwrap();
        let first = cached_in(directory.path()).unwrap();
        let file = directory.path().join("manifest.json");
        let mut manifest = manifest(directory.path()).unwrap();
        manifest.sources[0].size += 1;
        fs::write(&file, serde_json::to_vec(&manifest).unwrap()).unwrap();
        let second = cached_in(directory.path()).unwrap();
        assert_ne!(first, second);
        assert!(first.is_dir() && second.is_dir());
    }
}
