//! The directory under which everything is kept, and why it can be trusted.
//!
//! Undo records name files that we remove and cgroups whose processes we kill. So whoever can write
//! into the root can make us do things: it must be ours alone. And it must be nobody's collection
//! of other things, since we clean up in it.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::ownership::{is_ours, private_temporary_directory, why_we_own_nothing};
use crate::privilege::Privilege;

/// The file that says "this directory is a store". It is also what is locked: the directory itself
/// may be readable for others, and whoever may open a file may lock it (flock(2)), for ever.
const MARK: &str = "coracle-store";

/// The mark of a store.
pub fn mark_of(root: &Path) -> PathBuf {
    root.join(MARK)
}

/// Opens the state root, made if it is missing, and gives its path without links.
pub fn open(root: &Path) -> Result<PathBuf> {
    open_private(root, MARK)
}

/// Opens a directory of ours alone, made if it is missing, and gives its path without links. `mark`
/// is the file that says what the directory is for: one that holds other things is refused.
pub fn open_private(root: &Path, mark_name: &str) -> Result<PathBuf> {
    const OTHER: &str = "choose another with --root";
    if let Some(reason) = why_we_own_nothing() {
        bail!("no directory for containers can be trusted: {reason}");
    }
    is_text(root)?;
    // A link that somebody else laid, in a directory for temporary files, is theirs to point anywhere.
    // Looked at first, and without following it: where fs.protected_symlinks is set, following is
    // refused with a less telling error.
    if let Ok(link) = fs::symlink_metadata(root)
        && link.is_symlink()
        && !is_ours(&link)
    {
        bail!("the directory {} is a link of user {}'s: {OTHER}", root.display(), link.uid());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(root)
        .with_context(|| format!("cannot make the directory {} ({OTHER})", root.display()))?;
    let root = root.canonicalize().with_context(|| format!("cannot find {}", root.display()))?;
    is_text(&root)?;
    let meta = fs::metadata(&root)?;
    if !is_ours(&meta) {
        bail!("the directory {} belongs to user {}, not to us: {OTHER}", root.display(), meta.uid());
    }
    if meta.mode() & 0o022 != 0 {
        bail!(
            "the directory {} may be written to by others, who could make us remove files\ncure: chmod go-w, or {OTHER}",
            root.display()
        );
    }
    mark(&root, mark_name)?;
    Ok(root)
}

/// Undo records, states and the layer store write the path as text. One that isn't would be another
/// directory when it is read again.
fn is_text(root: &Path) -> Result<()> {
    if root.to_str().is_none() {
        bail!(
            "the path of the directory {} is not valid UTF-8\ncause: the path is stored in text files\ncure: choose another \
             directory with --root, or in XDG_RUNTIME_DIR and XDG_DATA_HOME",
            root.display()
        );
    }
    Ok(())
}

/// Begins a store, in an empty directory only. Two that begin at once both find it empty or marked.
fn mark(root: &Path, name: &str) -> Result<()> {
    let mark = root.join(name);
    let is_marked = || mark.exists();
    if is_marked() {
        return keep_for_ourselves(&mark);
    }
    let is_empty = fs::read_dir(root).with_context(|| format!("cannot read {}", root.display()))?.next().is_none();
    if !is_empty && !is_marked() {
        bail!(
            "{} holds other things: give --root a directory of its own (one that is empty or isn't there)",
            root.display()
        );
    }
    let made = OpenOptions::new().create(true).write(true).truncate(false).mode(0o600).open(&mark);
    made.map(drop).with_context(|| format!("cannot begin a store in {}", root.display()))
}

fn keep_for_ourselves(mark: &Path) -> Result<()> {
    let is_private = fs::metadata(mark).is_ok_and(|meta| meta.mode() & 0o077 == 0);
    if !is_private {
        fs::set_permissions(mark, Permissions::from_mode(0o600))
            .with_context(|| format!("cannot take {} away from others, who could lock it", mark.display()))?;
    }
    Ok(())
}

/// The default root: /run/coracle for root, a directory in $XDG_RUNTIME_DIR for others, or where
/// there is none of theirs (plain ssh, su) a private one in the directory for temporary files.
pub fn default() -> PathBuf {
    let is_own =
        |directory: &PathBuf| directory.is_absolute() && fs::metadata(directory).is_ok_and(|meta| is_ours(&meta));
    // Root of a user namespace may find that /run belongs to nobody they know.
    let run = if Privilege::current().is_root() { Some("/run".into()) } else { std::env::var_os("XDG_RUNTIME_DIR") };
    match run.map(PathBuf::from).filter(is_own) {
        Some(directory) => directory.join("coracle"),
        None => private_temporary_directory("coracle"),
    }
}

/// The default data root, which outlives a boot: /var/lib/coracle for root, $XDG_DATA_HOME/coracle
/// or ~/.local/share/coracle for others, and where neither can be written to a private directory
/// among the temporary files.
pub fn default_data() -> PathBuf {
    let machines = Privilege::current().is_root().then(|| PathBuf::from("/var/lib"));
    let users = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let mut candidates = [machines, users, home].into_iter().flatten().filter(|directory| directory.is_absolute());
    let writable = |directory: &PathBuf| {
        // Made on the way, as programs do with XDG_DATA_HOME.
        let _ = DirBuilder::new().recursive(true).mode(0o700).create(directory);
        nix::unistd::access(directory, nix::unistd::AccessFlags::W_OK).is_ok()
    };
    match candidates.find(writable) {
        Some(directory) => directory.join("coracle"),
        None => private_temporary_directory("coracle-data"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn a_new_or_empty_directory_becomes_a_store_and_stays_one() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("a/b");
        let opened = open(&root).unwrap();
        fs::create_dir(opened.join("0000")).unwrap();
        assert_eq!(open(&root).unwrap(), opened);
    }

    #[test]
    fn the_mark_that_is_locked_can_be_opened_by_us_alone() {
        let place = tempfile::tempdir().unwrap();
        let mode = |root: &Path| fs::metadata(mark_of(root)).unwrap().mode() & 0o777;
        let root = open(place.path()).unwrap();
        assert_eq!(mode(&root), 0o600);
        fs::set_permissions(mark_of(&root), Permissions::from_mode(0o644)).unwrap();
        open(&root).unwrap();
        assert_eq!(mode(&root), 0o600);
    }

    #[test]
    fn a_directory_with_other_things_is_refused_and_untouched() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("photos")).unwrap();
        assert!(open(place.path()).unwrap_err().to_string().contains("holds other things"));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_path_that_is_not_utf8_is_refused_before_anything_is_made() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
        assert!(open(&root).unwrap_err().to_string().contains("not valid UTF-8"));
        std::os::unix::fs::symlink(&root, place.path().join("link")).unwrap();
        fs::create_dir(&root).unwrap();
        assert!(open(&place.path().join("link")).unwrap_err().to_string().contains("not valid UTF-8"));
        assert!(fs::read_dir(&root).unwrap().next().is_none());
    }

    #[test]
    fn a_directory_that_others_may_write_to_is_refused() {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), Permissions::from_mode(0o1777)).unwrap();
        assert!(open(place.path()).unwrap_err().to_string().contains("by others"));
    }
}
