//! Control groups: which there are, and whether this user may make some.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

/// Which control groups are mounted under /sys/fs/cgroup: cgroups(7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CgroupLayout {
    #[default]
    None,
    V1,
    V2,
    /// v1 controllers, and v2 beside them.
    Hybrid,
}

/// Whether containers' memory, processors and processes can be limited: from chapter 3 on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CgroupLimits {
    /// Groups can be made.
    Possible,
    /// It is cgroup v1, where only the machine's root may make groups.
    OnlyRoot,
    /// It is v2, and no group was handed over to this user.
    NotHandedOver,
    /// No tree of groups is mounted.
    #[default]
    NoTree,
}

impl CgroupLimits {
    pub(crate) fn of_this_process(mountinfo: &str) -> CgroupLimits {
        let cgroup = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        CgroupLimits::from_mountinfo(&cgroup, mountinfo, |directory| access(directory, AccessFlags::W_OK).is_ok())
    }

    /// By the group that this process is in where memory is counted.
    fn from_mountinfo(cgroup: &str, mountinfo: &str, may_write: impl Fn(&Path) -> bool) -> CgroupLimits {
        let line = |fits: &dyn Fn(&str, &str) -> bool| {
            cgroup.lines().find_map(|line| {
                let mut fields = line.splitn(3, ':');
                let (number, names, path) = (fields.next()?, fields.next()?, fields.next()?);
                fits(number, names).then_some(path)
            })
        };
        let v1 = line(&|_, names| names.split(',').any(|name| name == "memory"));
        let (kind, own, otherwise) = match (v1, line(&|number, _| number == "0")) {
            (Some(own), _) => ("cgroup", own, CgroupLimits::OnlyRoot),
            (None, Some(own)) => ("cgroup2", own, CgroupLimits::NotHandedOver),
            (None, None) => return CgroupLimits::NoTree,
        };
        let mut trees = mountinfo.lines().filter(|line| is_tree(line, kind)).peekable();
        if trees.peek().is_none() {
            return CgroupLimits::NoTree;
        }
        // What is read-only, or mounted at another part than ours, is the machine's root's.
        let mut directories = trees.filter_map(|line| directory_of(line, own));
        if directories.next_back().is_some_and(|directory| may_write(&directory)) {
            CgroupLimits::Possible
        } else {
            otherwise
        }
    }
}

impl fmt::Display for CgroupLimits {
    /// What is so, and what helps.
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            CgroupLimits::Possible => "can be set",
            CgroupLimits::OnlyRoot => "by root only (cgroup v1); for you: cargo wb check --vm",
            CgroupLimits::NotHandedOver => "after systemd-run --user --scope -p Delegate=yes bash",
            CgroupLimits::NoTree => "no cgroups are mounted; for you: cargo wb check --vm",
        })
    }
}

/// Whether a line of mountinfo is a tree in which memory is counted: proc_pid_mountinfo(5).
fn is_tree(line: &str, kind: &str) -> bool {
    let Some((_, file_system)) = line.split_once(" - ") else { return false };
    let mut fields = file_system.split(' ');
    let (found, options) = (fields.next(), fields.nth(1).unwrap_or_default());
    found == Some(kind) && (kind == "cgroup2" || options.split(',').any(|option| option == "memory"))
}

/// Where a mount shows a group, if it does. `own` is the group's path from the root of its
/// hierarchy.
fn directory_of(line: &str, own: &str) -> Option<PathBuf> {
    let mut fields = line.split(' ');
    let (root, point) = (fields.nth(3)?, fields.next()?);
    let inside = !own.split('/').chain(root.split('/')).any(|part| part == "..");
    let below = Path::new(own).strip_prefix(root).ok()?;
    inside.then(|| Path::new(point).join(below))
}

/// Of each mount its place and its kind.
pub(crate) fn mount_points(mountinfo: &str) -> impl Iterator<Item = (&str, &str)> {
    mountinfo.lines().filter_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        Some((left.split(' ').nth(4)?, right.split(' ').next()?))
    })
}

pub(crate) fn cgroup_layout(mountinfo: &str) -> CgroupLayout {
    let has = |kind| mount_points(mountinfo).any(|(point, found)| point.starts_with("/sys/fs/cgroup") && found == kind);
    match (has("cgroup"), has("cgroup2")) {
        (false, false) => CgroupLayout::None,
        (true, false) => CgroupLayout::V1,
        (false, true) => CgroupLayout::V2,
        (true, true) => CgroupLayout::Hybrid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cgroup_layouts_are_told_apart() {
        let v1 = "32 31 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n";
        let v2 = "38 31 0:31 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n";
        assert_eq!(cgroup_layout(v1), CgroupLayout::V1);
        assert_eq!(cgroup_layout(v2), CgroupLayout::V2);
        assert_eq!(cgroup_layout(&format!("{v1}{v2}")), CgroupLayout::Hybrid);
        assert_eq!(cgroup_layout("27 1 254:0 / / rw - ext4 /dev/vda rw\n"), CgroupLayout::None);
    }

    #[test]
    fn who_may_limit_is_decided_where_memory_is() {
        let v1 = "32 31 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
        let v2 = "38 31 0:31 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        let of = |cgroup: &str, mounts: &str, mine: &'static str| {
            CgroupLimits::from_mountinfo(cgroup, mounts, |directory| directory == Path::new(mine))
        };
        let hybrid = "4:memory:/boats\n0::/\n";
        assert_eq!(of(hybrid, &format!("{v1}{v2}"), "/sys/fs/cgroup/memory/boats"), CgroupLimits::Possible);
        assert_eq!(of(hybrid, &format!("{v1}{v2}"), "/sys/fs/cgroup"), CgroupLimits::OnlyRoot);
        assert_eq!(of("0::/me\n", v2, "/sys/fs/cgroup/me"), CgroupLimits::Possible);
        assert_eq!(of("0::/me\n", v2, "-"), CgroupLimits::NotHandedOver);
        assert_eq!(of("0::/../me\n", v2, "/sys/fs/cgroup"), CgroupLimits::NotHandedOver);
        assert_eq!(of("0::/me\n", "", "-"), CgroupLimits::NoTree);
    }
}
