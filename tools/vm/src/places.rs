//! Where kernel and virtme-ng are kept, and which paths the guest can't see at first.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

/// For everybody on this machine; root installs here.
const FOR_ALL: &str = "/var/lib/coracle-vm";

/// Directories on which the guest has a file system of its own: virtme-ng-init's, and ours.
const COVERED: [&str; 7] = ["/tmp", "/var/tmp", "/var/cache", "/var/log", "/run", "/dev/shm", "/mnt"];

/// The directory that this user installs to and keeps answers in.
pub(crate) fn own() -> PathBuf {
    own_of(geteuid().is_root(), env::var_os("XDG_CACHE_HOME"), env::var_os("HOME"))
}

/// The directories that are searched.
pub(crate) fn all() -> Vec<PathBuf> {
    let mut places = vec![own()];
    if places[0] != Path::new(FOR_ALL) {
        places.push(FOR_ALL.into());
    }
    places
}

fn own_of(root: bool, cache: Option<OsString>, home: Option<OsString>) -> PathBuf {
    let given = |path: Option<OsString>| path.map(PathBuf::from).filter(|path| path.is_absolute());
    match given(cache) {
        Some(cache) => cache.join("coracle/vm"),
        None if root => FOR_ALL.into(),
        None => given(home).unwrap_or_else(|| "/".into()).join(".cache/coracle/vm"),
    }
}

/// Whether the guest has something else at this path, so that it must be mounted there again.
pub(crate) fn is_covered(path: &Path) -> bool {
    COVERED.iter().any(|covered| path.starts_with(covered))
}

/// Of the directories that must be seen inside, those that need help; none twice, none inside
/// another, none that is itself one of the covered (a wish for `/tmp` gets the guest's own).
pub(crate) fn to_uncover(wanted: &[PathBuf]) -> Vec<PathBuf> {
    let mut covered: Vec<PathBuf> = wanted
        .iter()
        .filter(|path| is_covered(path) && !COVERED.iter().any(|c| path == &Path::new(c)))
        .cloned()
        .collect();
    covered.sort();
    covered.dedup_by(|inner, outer| inner.starts_with(&*outer));
    covered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_installs_for_all_unless_told_where() {
        assert_eq!(own_of(true, None, Some("/root".into())), Path::new(FOR_ALL));
        assert_eq!(own_of(true, Some("/c".into()), None), Path::new("/c/coracle/vm"));
    }

    #[test]
    fn an_ordinary_users_place_is_their_cache() {
        assert_eq!(own_of(false, None, Some("/home/u".into())), Path::new("/home/u/.cache/coracle/vm"));
        assert_eq!(own_of(false, Some("relative".into()), Some("/h".into())), Path::new("/h/.cache/coracle/vm"));
    }

    #[test]
    fn only_what_is_covered_is_uncovered_and_once() {
        let wanted = ["/tmp/a/b", "/home/u", "/tmp/a", "/tmp", "/tmpfs/x"].map(PathBuf::from);
        assert_eq!(to_uncover(&wanted), [PathBuf::from("/tmp/a")]);
    }
}
