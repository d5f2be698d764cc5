//! The directory in which a container's cgroups are made: where this process is, or where
//! `--cgroup-parent` says.

use std::path::{Component, Path, PathBuf};

use anyhow::{Result, bail};

use crate::cgroup::is_a_containers;
use crate::controller::Version;
use crate::machine::Hierarchy;
use crate::setting::read;
use crate::{delegated, make_leaf, v2};

/// What can be said of a parent without a look at the trees.
pub(super) fn check_parent(asked: &str) -> Result<()> {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if asked.is_empty() || !Path::new(asked.trim_matches('/')).components().all(plain) {
        bail!("--cgroup-parent {asked:?} is no cgroup: write a path such as /boats or boats/red, without . and ..");
    }
    let names = asked.split('/');
    if let Some(name) = names.into_iter().find(|name| is_a_containers(name)) {
        bail!(
            "--cgroup-parent {asked}: {name} is a container's own cgroup\ncause: its path was copied from ls or \
             /proc/PID/cgroup\ncure: name the cgroup that it is in: what is inside of a container's cgroup ends with it"
        );
    }
    Ok(())
}

/// The topmost cgroup that is ours to divide: above where we are, or above the parent that is named
/// from the top of the tree on.
pub(super) fn part_of(hierarchy: &Hierarchy, asked: Option<&str>) -> Option<PathBuf> {
    match (hierarchy.version, asked.and_then(|asked| asked.strip_prefix('/'))) {
        (Version::V1, _) => Some(hierarchy.mount_point.clone()),
        (Version::V2, None) => delegated::top(hierarchy),
        (Version::V2, Some(from_the_top)) => {
            delegated::top_above(hierarchy, &hierarchy.mount_point.join(from_the_top.trim_matches('/')))
        }
    }
}

/// The directory in which cgroups are made. `asked`: with a slash in front from the top of the
/// tree, else from where it would be without.
pub(super) fn parent_in(
    hierarchy: &Hierarchy,
    asked: Option<&str>,
    ours: Option<&Path>,
    movable: &[PathBuf],
) -> Result<PathBuf> {
    let usual = || match hierarchy.version {
        // Inside our own cgroup, so that what holds for us holds for the container.
        Version::V1 => hierarchy.own.clone(),
        Version::V2 => delegated::parent(hierarchy, ours.unwrap_or(&hierarchy.mount_point)),
    };
    let Some(asked) = asked else { return Ok(usual()) };
    let from = if asked.starts_with('/') { hierarchy.mount_point.clone() } else { usual() };
    let parent = if asked == "/" { from.clone() } else { from.join(asked.trim_matches('/')) };
    if let Some(file) = parent.ancestors().find(|path| path.exists()).filter(|path| !path.is_dir()) {
        bail!(
            "--cgroup-parent {asked}: {} is a file\ncause: it is one of the kernel's files in a cgroup\n\
             cure: name the cgroup that it is in, or a cgroup that isn't there yet",
            file.display()
        );
    }
    if hierarchy.version == Version::V2 {
        if ours.is_none() && asked.starts_with('/') {
            bail!(
                "--cgroup-parent {asked} is in a cgroup of systemd's that was not delegated\n\
                 cause: its unit has no Delegate=yes, so systemd alone changes what is in it, and takes limits of ours away\n\
                 cure: name a cgroup outside of systemd's; or systemd-run --scope -p Delegate=yes -- COMMAND"
            );
        }
        check_way(asked, &from, &parent, movable)?;
    }
    Ok(parent)
}

/// On v2, every cgroup on the way has to give controllers to the next. So none may have
/// processes, except those that are ours to move; and none may be threaded.
fn check_way(asked: &str, from: &Path, parent: &Path, movable: &[PathBuf]) -> Result<()> {
    let below_from = |directory: &&Path| directory.starts_with(from) && (*directory != from || *directory == parent);
    for cgroup in parent.ancestors().take_while(below_from) {
        if make_leaf::has_processes(cgroup) && (cgroup == parent || !movable.iter().any(|ours| ours == cgroup)) {
            bail!(
                "--cgroup-parent {asked}: there are processes in {}\ncause: on v2, processes are only in leaves of the \
                 tree, and a cgroup that gives controllers to its children is none (the no-internal-processes rule)\n\
                 cure: move them into a child of it, or choose another parent",
                cgroup.display()
            );
        }
        let kind = read(cgroup, v2::TYPE);
        if !matches!(kind.trim(), "" | "domain") {
            bail!(
                "--cgroup-parent {asked}: {} is {:?}, so no process can be in a cgroup below it (EOPNOTSUPP)\n\
                 cause: it, or a cgroup below it, was made threaded (echo threaded >cgroup.type), for good\n\
                 cure: choose another parent; or remove the threaded cgroup (rmdir), and make it anew",
                cgroup.display(),
                kind.trim()
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_from_the_top_or_from_where_we_are() {
        let (names, mount_point) = (vec!["memory".into()], PathBuf::from("/no-such-mount/memory"));
        let hierarchy = Hierarchy { version: Version::V1, names, own: mount_point.join("me"), mount_point };
        let parent = |asked| parent_in(&hierarchy, Some(asked), Some(&hierarchy.mount_point), &[]);
        assert_eq!(parent("/boats/red").unwrap(), Path::new("/no-such-mount/memory/boats/red"));
        assert_eq!(parent("boats").unwrap(), Path::new("/no-such-mount/memory/me/boats"));
        assert_eq!(parent("/").unwrap(), Path::new("/no-such-mount/memory"));
        for bad in ["", "../x", "a/../../b", "./a"] {
            assert!(check_parent(bad).is_err(), "{bad}");
        }
        // What is inside of a container's cgroup would end with it. A scope that systemd delegated to us is
        // none.
        assert!(check_parent("/boats/coracle-0a1b2c3d4e5f/red").unwrap_err().to_string().contains("a container's own"));
        assert!(check_parent("/user.slice/coracle-0a1b2c3d4e5f.scope/boats").is_ok());
    }
}
