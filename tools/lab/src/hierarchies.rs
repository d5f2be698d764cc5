//! Where this process sits in the machine's cgroup hierarchies, and which directory shows that:
//! cgroups(7).

use std::path::{Component, Path, PathBuf};

use crate::observe::Mount;

/// One hierarchy, as far as this process sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hierarchy {
    /// The controllers of a v1 hierarchy (or its `name=…`); `None` for v2, where files tell.
    pub v1: Option<Vec<String>>,
    pub mount_point: PathBuf,
    /// The directory of the process's own cgroup.
    pub directory: PathBuf,
}

impl Hierarchy {
    pub fn has_v1(&self, controller: &str) -> bool {
        self.v1.as_ref().is_some_and(|controllers| controllers.iter().any(|name| name == controller))
    }
}

/// From /proc/PID/cgroup and the mounts of whoever reads: decided hierarchy by hierarchy, since
/// both versions may be there at once.
pub(crate) fn hierarchies(cgroup: &str, mounts: &[Mount]) -> Vec<Hierarchy> {
    cgroup.lines().filter_map(|line| hierarchy(line, mounts)).collect()
}

fn hierarchy(line: &str, mounts: &[Mount]) -> Option<Hierarchy> {
    let mut parts = line.splitn(3, ':');
    let (number, names, path) = (parts.next()?, parts.next()?, Path::new(parts.next()?));
    let names: Vec<String> = names.split(',').map(str::to_string).collect();
    let fits = |mount: &&Mount| {
        if number == "0" {
            mount.file_system == "cgroup2"
        } else {
            mount.file_system == "cgroup" && mount.super_options.iter().any(|option| *option == names[0])
        }
    };
    // The later of two at one place is seen; a mount of another part of the hierarchy doesn't show our
    // cgroup, nor does one whose root is outside of our cgroup namespace (then it has `..` in it).
    let shown = |mount: &Mount| {
        let below = path.strip_prefix(&mount.root).ok()?;
        let plain = below.components().chain(mount.root.components()).all(|part| part != Component::ParentDir);
        plain.then(|| Hierarchy {
            v1: (number != "0").then(|| names.clone()),
            mount_point: mount.mount_point.clone(),
            directory: mount.mount_point.join(below),
        })
    };
    mounts.iter().rev().filter(fits).find_map(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(file_system: &str, root: &str, mount_point: &str, options: &str) -> Mount {
        Mount {
            id: 1,
            parent: 0,
            root: root.into(),
            mount_point: mount_point.into(),
            options: vec!["rw".into()],
            propagation: Default::default(),
            file_system: file_system.into(),
            source: "cgroup".into(),
            super_options: options.split(',').map(str::to_string).collect(),
        }
    }

    fn hybrid() -> Vec<Mount> {
        vec![
            mount("cgroup", "/", "/sys/fs/cgroup/pids", "rw,pids"),
            mount("cgroup", "/", "/sys/fs/cgroup/cpu,cpuacct", "rw,cpu,cpuacct"),
            mount("cgroup", "/", "/sys/fs/cgroup/systemd", "rw,xattr,name=systemd"),
            mount("cgroup2", "/", "/sys/fs/cgroup/unified", "rw"),
        ]
    }

    #[test]
    fn in_hybrid_each_hierarchy_is_found_by_itself() {
        let found = hierarchies("4:pids:/a/b\n3:cpu,cpuacct:/\n1:name=systemd:/x\n0::/y\n", &hybrid());
        let directories: Vec<_> = found.iter().map(|hierarchy| hierarchy.directory.to_str().expect("UTF-8")).collect();
        let expected =
            ["pids/a/b", "cpu,cpuacct/", "systemd/x", "unified/y"].map(|path| format!("/sys/fs/cgroup/{path}"));
        assert_eq!(directories, expected);
        assert!(found[0].has_v1("pids") && found[1].has_v1("cpuacct") && found[3].v1.is_none());
    }

    #[test]
    fn a_hierarchy_that_is_not_mounted_is_not_found() {
        assert_eq!(hierarchies("7:memory:/\n", &hybrid()), []);
    }

    #[test]
    fn a_mount_of_ones_own_part_is_taken_and_one_of_another_is_not() {
        let part = [mount("cgroup2", "/docker/x", "/sys/fs/cgroup", "rw")];
        assert_eq!(hierarchies("0::/docker/x/y\n", &part)[0].directory, Path::new("/sys/fs/cgroup/y"));
        assert_eq!(hierarchies("0::/docker/z\n", &part), []);
        let outside = [mount("cgroup2", "/../..", "/sys/fs/cgroup", "rw")];
        assert_eq!(hierarchies("0::/\n", &outside), []);
    }
}
