//! The folder in which a container's groups are made: where this process is, or where `--cgroup-parent` says.

use std::path::{Component, Path, PathBuf};

use anyhow::{Result, bail};

use crate::controller::Version;
use crate::group::is_a_containers;
use crate::machine::Hierarchy;
use crate::{part, room};

/// What can be said of a parent without a look at the trees.
pub(super) fn check_parent(asked: &str) -> Result<()> {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if asked.is_empty() || !Path::new(asked.trim_matches('/')).components().all(plain) {
        bail!("--cgroup-parent {asked:?} is no group: write a path such as /boats or boats/red, without . and ..");
    }
    let names = asked.split('/');
    if let Some(name) = names.into_iter().find(|name| is_a_containers(name)) {
        bail!(
            "--cgroup-parent {asked}: {name} is a container's own group\nlikely cause: its path was copied from ls or \
             /proc/PID/cgroup\ncure: name the group that it is in: what is inside of a container's group ends with it"
        );
    }
    Ok(())
}

/// The topmost group that is ours. Who names a parent from the top of the tree on has chosen; the kernel decides whether they may.
pub(super) fn part_of(hierarchy: &Hierarchy, asked: Option<&str>) -> Option<PathBuf> {
    match hierarchy.version {
        Version::V2 if !asked.is_some_and(|parent| parent.starts_with('/')) => part::top(hierarchy),
        Version::V1 | Version::V2 => Some(hierarchy.mount_point.clone()),
    }
}

/// The folder in which groups are made. `asked`: with a slash in front from the top of the tree, else from where it would be
/// without.
pub(super) fn parent_in(hierarchy: &Hierarchy, asked: Option<&str>, ours: &Path) -> Result<PathBuf> {
    let usual = || match hierarchy.version {
        // Inside our own group, so that what holds for us holds for the container.
        Version::V1 => hierarchy.own.clone(),
        Version::V2 => part::parent(hierarchy, ours),
    };
    let Some(asked) = asked else { return Ok(usual()) };
    let from = if asked.starts_with('/') { hierarchy.mount_point.clone() } else { usual() };
    let parent = if asked == "/" { from } else { from.join(asked.trim_matches('/')) };
    if let Some(file) = parent.ancestors().find(|path| path.exists()).filter(|path| !path.is_dir()) {
        bail!(
            "--cgroup-parent {asked}: {} is a file\nlikely cause: it is one of the kernel's files in a group\n\
             cure: name the group that it is in, or a group that isn't there yet",
            file.display()
        );
    }
    if hierarchy.version == Version::V2 && room::has_processes(&parent) {
        bail!(
            "--cgroup-parent {asked}: there are processes in {}\nlikely cause: on v2, processes are only in leaves of the tree, \
             and a group with children that have controllers is none (the no-internal-processes rule)\n\
             cure: move them into a child of it, or choose another parent",
            parent.display()
        );
    }
    Ok(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_from_the_top_or_from_where_we_are() {
        let (names, mount_point) = (vec!["memory".into()], PathBuf::from("/no-such-mount/memory"));
        let hierarchy = Hierarchy { version: Version::V1, names, own: mount_point.join("me"), mount_point };
        let parent = |asked| parent_in(&hierarchy, Some(asked), &hierarchy.mount_point);
        assert_eq!(parent("/boats/red").unwrap(), Path::new("/no-such-mount/memory/boats/red"));
        assert_eq!(parent("boats").unwrap(), Path::new("/no-such-mount/memory/me/boats"));
        assert_eq!(parent("/").unwrap(), Path::new("/no-such-mount/memory"));
        for bad in ["", "../x", "a/../../b", "./a"] {
            assert!(check_parent(bad).is_err(), "{bad}");
        }
        // What is inside of a container's group would end with it. A scope that systemd handed over to us is none.
        assert!(check_parent("/boats/coracle-0a1b2c3d4e5f/red").unwrap_err().to_string().contains("a container's own"));
        assert!(check_parent("/user.slice/coracle-0a1b2c3d4e5f.scope/boats").is_ok());
    }
}
