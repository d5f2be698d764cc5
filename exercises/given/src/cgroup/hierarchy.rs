//! The trees of groups, and where in each a process is: from mountinfo and /proc/PID/cgroup.

use std::fs;
use std::path::{Component, Path, PathBuf};

use nix::unistd::{AccessFlags, access};

/// On v2 a group with processes may have no children with controllers; the root of all may.
pub(super) fn may_have_children(group: &Path) -> bool {
    let is_root = !group.join("cgroup.type").exists();
    let is_empty = fs::read_to_string(group.join("cgroup.procs")).is_ok_and(|processes| processes.is_empty());
    (is_root || is_empty) && access(group, AccessFlags::W_OK).is_ok()
}

/// A tree of groups, as this process sees it.
pub(super) struct Hierarchy {
    /// The controllers of a v1 tree; none for v2, where files tell.
    pub v1: Vec<String>,
    pub top: PathBuf,
    /// The directory of the group that the process is in.
    pub own: PathBuf,
}

impl Hierarchy {
    /// From a line of /proc/PID/cgroup.
    pub fn find(line: &str, mounts: &[Mount]) -> Option<Hierarchy> {
        let mut fields = line.splitn(3, ':');
        let (number, names, path) = (fields.next()?, fields.next()?, Path::new(fields.next()?));
        let v1: Vec<String> = names.split(',').filter(|_| number != "0").map(String::from).collect();
        let fits = |mount: &&Mount| match v1.first() {
            Some(first) => mount.file_system == "cgroup" && mount.options.split(',').any(|name| name == first),
            None => mount.file_system == "cgroup2",
        };
        // Of two mounts at one place the later is seen. One of another part of the tree doesn't show our
        // group.
        mounts.iter().rev().filter(fits).find_map(|mount| {
            let below = path.strip_prefix(&mount.root).ok()?;
            let inside = below.components().chain(mount.root.components()).all(|part| part != Component::ParentDir);
            let own = mount.point.join(below).components().collect();
            inside.then(|| Hierarchy { v1: v1.clone(), top: mount.point.clone(), own })
        })
    }

    /// The nearest group at or above ours that may have children, or else ours, in which room has
    /// to be made.
    pub fn parent_on_v2(&self, may_have_children: &dyn Fn(&Path) -> bool) -> PathBuf {
        // Above the scope or service that we are in the groups are systemd's, whoever owns their files.
        let is_unit =
            |group: &&Path| group.extension().is_some_and(|kind| ["scope", "service"].iter().any(|unit| kind == *unit));
        let top = self.own.ancestors().find(is_unit).unwrap_or(&self.top);
        let mut above = self.own.ancestors().take_while(|group| group.starts_with(top));
        above.find(|group| may_have_children(group)).unwrap_or(&self.own).to_path_buf()
    }
}

/// A line of mountinfo, as far as it matters here: proc_pid_mountinfo(5).
pub(super) struct Mount {
    root: PathBuf,
    point: PathBuf,
    file_system: String,
    options: String,
}

impl Mount {
    pub fn parse(line: &str) -> Option<Mount> {
        let (mount, file_system) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(3);
        let (root, point) = (fields.next()?.into(), fields.next()?.into());
        let mut more = file_system.split(' ');
        Some(Mount { root, point, file_system: more.next()?.into(), options: more.nth(1)?.into() })
    }
}
