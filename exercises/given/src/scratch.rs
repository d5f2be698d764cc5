//! A file system in memory in which a container is put together. It ends with the container.

use std::env;
use std::fs::{self, DirBuilder, File};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result, ensure};
use nix::mount::{MsFlags, mount};
use nix::unistd::geteuid;

/// The places that were made for views, each with what is shown there: who reads an error knows
/// only that.
static VIEWS: Mutex<Vec<(PathBuf, PathBuf)>> = Mutex::new(Vec::new());

/// Where it is mounted: a directory that stays empty on the host, the same for every container,
/// since each has a mount table of its own. Its name says whose it is: everybody may write to the
/// directory that it is in.
fn scratch() -> PathBuf {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    PLACE
        .get_or_init(|| {
            let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
            env::temp_dir().join(format!("mydocker-{}", id_outside(geteuid().as_raw(), &map)))
        })
        .clone()
}

/// The user id outside of our user namespace, where not everybody is root: user_namespaces(7).
fn id_outside(inside: u32, map: &str) -> u32 {
    let numbers = |line: &str| line.split_whitespace().map(|number| number.parse().ok()).collect::<Option<Vec<u32>>>();
    let outside = map.lines().filter_map(numbers).find_map(|line| match line[..] {
        [first, outside, count] if inside.checked_sub(first)? < count => outside.checked_add(inside - first),
        _ => None,
    });
    outside.unwrap_or(inside)
}

/// Makes the directory, unless it is there. A stranger who made it could exchange it while we work
/// in it; so could one who laid a link.
fn make_own(directory: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .with_context(|| format!("making {}", directory.display()))?;
    let meta = fs::symlink_metadata(directory).with_context(|| format!("looking at {}", directory.display()))?;
    // Owners that a user namespace doesn't map all show as the same one, and an unmapped user as
    // that one, too.
    let unknown = fs::read_to_string("/proc/sys/kernel/overflowuid").ok().and_then(|id| id.trim().parse().ok());
    let is_ours = meta.is_dir() && meta.uid() == geteuid().as_raw() && Some(meta.uid()) != unknown;
    ensure!(is_ours, "{} is a link or another user's directory: remove it, or set TMPDIR", directory.display());
    Ok(())
}

/// An empty directory that is to become /. Call it when the mounts are private already.
pub fn empty_root() -> Result<PathBuf> {
    let scratch = scratch();
    make_own(&scratch)?;
    mount(Some("mydocker"), &scratch, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some("mode=0755"))
        .with_context(|| format!("mounting a tmpfs on {}", scratch.display()))?;
    let root = scratch.join("root");
    fs::create_dir(&root).with_context(|| format!("making {}", root.display()))?;
    Ok(root)
}

/// An empty directory, or an empty file where `source` is one, for `source` to be shown at; outside
/// of the root, so that it is out of reach once that is /.
pub fn empty_place_like(source: &Path) -> Result<PathBuf> {
    let views = scratch().join("views");
    let make = || {
        fs::create_dir_all(&views)?;
        let place = views.join(fs::read_dir(&views)?.count().to_string());
        if source.is_dir() { fs::create_dir(&place) } else { File::create(&place).map(drop) }.map(|()| place)
    };
    let place = make().with_context(|| format!("making a place in {}", views.display()))?;
    VIEWS.lock().unwrap_or_else(PoisonError::into_inner).push((place.clone(), source.to_path_buf()));
    Ok(place)
}

/// Whether an open directory is the root itself, whatever it was called: `/`, `/etc/..`, a link.
pub(crate) fn is_root(place: &OwnedFd) -> bool {
    let open = format!("/proc/self/fd/{}", place.as_raw_fd());
    let file = |path: &Path| fs::metadata(path).ok().map(|file| (file.dev(), file.ino()));
    file(&scratch().join("root")).is_some_and(|root| file(Path::new(&open)) == Some(root))
}

/// What is shown at `place`, as its user called it; or `place` itself.
pub(crate) fn shown_at(place: &Path) -> PathBuf {
    let views = VIEWS.lock().unwrap_or_else(PoisonError::into_inner);
    views.iter().find(|(view, _)| view == place).map_or(place, |(_, source)| source).to_path_buf()
}

/// A path in the root, as it is called in there; or `path` itself.
pub(crate) fn as_inside(path: &Path) -> PathBuf {
    path.strip_prefix(scratch().join("root")).map_or_else(|_| path.to_path_buf(), |inside| Path::new("/").join(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_root_is_called_as_inside() {
        assert_eq!(as_inside(&scratch().join("root/etc/motd")), Path::new("/etc/motd"));
        assert_eq!(as_inside(&scratch().join("rooted")), scratch().join("rooted"));
        assert_eq!(as_inside(Path::new("/srv")), Path::new("/srv"));
    }

    #[test]
    fn a_link_or_a_strangers_directory_is_refused() {
        let place = env::temp_dir().join(format!("scratch-link-{}", std::process::id()));
        std::os::unix::fs::symlink("/usr", &place).unwrap();
        let refused = make_own(&place);
        fs::remove_file(&place).unwrap();
        assert!(refused.unwrap_err().to_string().contains("is a link"));
    }

    #[test]
    fn the_id_outside_is_the_maps() {
        assert_eq!(id_outside(1000, "         0          0 4294967295\n"), 1000);
        assert_eq!(id_outside(0, "0 1000 1\n1 100000 65536\n"), 1000);
        assert_eq!(id_outside(7, ""), 7);
    }

    #[test]
    fn what_is_no_view_is_called_by_its_own_name() {
        assert_eq!(shown_at(Path::new("./book")), Path::new("./book"));
    }
}
