//! Whose file is it? In a user namespace the answer needs care.
//!
//! The kernel shows every owner that the namespace does not map under one number: the *overflow
//! user id*, 65534. A process whose own id is not mapped reads 65534 for itself as well. So "the
//! owner is 65534 and so am I" compares two unknown users: in `unshare --user`, a stranger's
//! directory looks like our own.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nix::unistd::Uid;

// ANCHOR: is_ours
/// Whether a file belongs to this process's user. An owner that shows as the overflow id is
/// unknown, and never ours.
pub fn is_ours(file: &Metadata) -> bool {
    is_owner(file.uid(), Uid::effective().as_raw(), overflow_uid())
}

fn is_owner(owner: u32, user: u32, overflow: u32) -> bool {
    owner == user && owner != overflow
}
// ANCHOR_END: is_ours

/// Why nothing is ours, if our own id is the overflow id: what to say to the user.
pub fn why_we_own_nothing() -> Option<String> {
    let (user, overflow) = (Uid::effective().as_raw(), overflow_uid());
    (user == overflow).then(|| {
        format!(
            "our user id shows as {overflow}, and so does every owner that this user namespace does not map: \
             nobody can tell our files from a stranger's\n\
             cause: the user namespace has no id map\n\
             cure: map your user, as unshare --user --map-root-user does; or run as another user"
        )
    })
}

/// The first of some directories among the temporary files that is ours, or not there yet.
/// Everybody may write there, so the names of other users' directories must not be ours: they carry
/// the user id *outside* this user namespace (inside, everybody is root). In nested user namespaces
/// the outside id may still be 0 for everybody, hence the second name.
pub fn private_temporary_directory(prefix: &str) -> PathBuf {
    let outside = outside_id(Uid::effective().as_raw(), &fs::read_to_string("/proc/self/uid_map").unwrap_or_default());
    let namespace = fs::metadata("/proc/self/ns/user").map_or(0, |meta| meta.ino());
    let names = [format!("{prefix}-{outside}"), format!("{prefix}-{outside}-{namespace}")];
    let mut candidates = names.map(|name| std::env::temp_dir().join(name)).into_iter();
    let is_free = |path: &Path| fs::symlink_metadata(path).map_or(true, |meta| meta.is_dir() && is_ours(&meta));
    candidates.clone().find(|path| is_free(path)).or_else(|| candidates.next()).unwrap_or_default()
}

/// The id outside for an id inside, from the lines "inside outside count" of a /proc/PID/uid_map;
/// the id itself where no line maps it.
fn outside_id(inside: u32, map: &str) -> u32 {
    let ranges = map.lines().filter_map(|line| {
        let mut numbers = line.split_whitespace().map(|number| number.parse::<u32>().ok());
        Some((numbers.next()??, numbers.next()??, numbers.next()??))
    });
    let mut outside = ranges.filter_map(|(first, outside, count)| {
        let offset = inside.checked_sub(first).filter(|offset| *offset < count)?;
        outside.checked_add(offset)
    });
    outside.next().unwrap_or(inside)
}

fn overflow_uid() -> u32 {
    // Read once: every file in the store is asked about.
    static ID: OnceLock<u32> = OnceLock::new();
    *ID.get_or_init(|| {
        let text = fs::read_to_string("/proc/sys/kernel/overflowuid").unwrap_or_default();
        // The kernel's default: linux/highuid.h.
        text.trim().parse().unwrap_or(65534)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_owner_is_never_us() {
        assert!(is_owner(1000, 1000, 65534) && is_owner(0, 0, 65534));
        assert!(!is_owner(1000, 0, 65534));
        assert!(!is_owner(65534, 65534, 65534));
    }

    #[test]
    fn an_id_outside_is_found_in_the_map() {
        assert_eq!(outside_id(1000, "         0          0 4294967295\n"), 1000);
        assert_eq!(outside_id(0, "0 1001 1\n1 100000 65536\n"), 1001);
        assert_eq!(outside_id(5, "0 1001 1\n1 100000 65536\n"), 100004);
        assert_eq!(outside_id(65534, ""), 65534);
    }
}
