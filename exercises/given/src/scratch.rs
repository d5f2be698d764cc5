//! A file system in memory in which a container is put together. It ends with the container.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

/// The places that were made for views, each with what is shown there: who reads an error knows only that.
static VIEWS: Mutex<Vec<(PathBuf, PathBuf)>> = Mutex::new(Vec::new());

/// Where it is mounted: a folder that stays empty on the host, the same for every container, since each has a mount table
/// of its own.
fn scratch() -> PathBuf {
    env::temp_dir().join("mydocker")
}

/// An empty folder that is to become /. Call it when the mounts are private already.
pub fn empty_root() -> Result<PathBuf> {
    let scratch = scratch();
    fs::create_dir_all(&scratch).with_context(|| format!("making {}", scratch.display()))?;
    mount(Some("mydocker"), &scratch, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some("mode=0755"))
        .with_context(|| format!("mounting a tmpfs on {}", scratch.display()))?;
    let root = scratch.join("root");
    fs::create_dir(&root).with_context(|| format!("making {}", root.display()))?;
    Ok(root)
}

/// An empty folder, or an empty file where `source` is one, for `source` to be shown at; outside of the root, so that it is out of
/// reach once that is /.
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
    fn what_is_no_view_is_called_by_its_own_name() {
        assert_eq!(shown_at(Path::new("./book")), Path::new("./book"));
    }
}
