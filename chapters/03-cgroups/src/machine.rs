//! Where this machine has its cgroups: decided for each controller by itself.
//!
//! Three kinds of machine are about: v1 (a tree for each controller), v2 (one tree), and hybrid,
//! where both are mounted and each controller is in one of them. A v2 tree may carry a stray
//! controller, or none, beside a full set of v1 trees; so neither the presence of a file nor of a
//! mount says which version *a machine* has. The question makes sense only for a controller.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};
use nix::sys::statfs::{CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, statfs};

use crate::controller::{Controller, Version};

/// One tree of cgroups, as far as this process sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchy {
    /// Which interface it has.
    pub version: Version,
    /// The controllers that it carries, by the kernel's names.
    pub names: Vec<String>,
    /// Where it is mounted.
    pub mount_point: PathBuf,
    /// The directory of this process's own cgroup.
    pub own: PathBuf,
}

/// All of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {
    /// In the order of /proc/self/cgroup.
    pub hierarchies: Vec<Hierarchy>,
    /// Some tree is mounted, be it at a part that this process isn't in.
    pub has_trees: bool,
}

/// One line of mountinfo, as far as it matters here: proc_pid_mountinfo(5).
struct Mount {
    root: PathBuf,
    mount_point: PathBuf,
    file_system: String,
    options: String,
}

impl Machine {
    /// Of this process.
    pub fn observe() -> Result<Machine> {
        Machine::for_process("self")
    }

    /// As far as this process sees it, with another's cgroups as its own.
    pub fn of_process(pid: i32) -> Result<Machine> {
        Machine::for_process(&pid.to_string())
    }

    fn for_process(process: &str) -> Result<Machine> {
        let cgroup = read_lossily(&format!("/proc/{process}/cgroup")).with_context(|| {
            format!("cannot read /proc/{process}/cgroup: this kernel has no cgroups, or /proc is not mounted")
        })?;
        let mountinfo = read_lossily("/proc/self/mountinfo").context("cannot read /proc/self/mountinfo")?;
        let controllers = |mount: &Path| fs::read_to_string(mount.join(crate::v2::CONTROLLERS)).unwrap_or_default();
        Ok(Machine::read(&cgroup, &mountinfo, is_cgroup, controllers))
    }

    // ANCHOR: read
    /// From /proc/self/cgroup and /proc/self/mountinfo. `is_there` asks the file system itself, since a
    /// mount may lie hidden under another; `v2_controllers` reads the list at the top of the v2 tree.
    pub fn read(
        cgroup: &str,
        mountinfo: &str,
        is_there: impl Fn(&Path, Version) -> bool,
        v2_controllers: impl Fn(&Path) -> String,
    ) -> Machine {
        let mounts: Vec<Mount> = mountinfo.lines().filter_map(mount).collect();
        let hierarchy = |line: &str| {
            let mut fields = line.splitn(3, ':');
            let (number, names, path) = (fields.next()?, fields.next()?, Path::new(fields.next()?));
            let names: Vec<String> = names.split(',').map(String::from).collect();
            let version = if number == "0" { Version::V2 } else { Version::V1 };
            // The later mount of two at one place is the one that is seen.
            let mut fitting = mounts.iter().rev().filter(|mount| match version {
                Version::V1 => mount.file_system == "cgroup" && mount.options.split(',').any(|name| name == names[0]),
                Version::V2 => mount.file_system == "cgroup2",
            });
            fitting.find_map(|mount| {
                let own = mount.directory_of(path)?;
                let mount_point = mount.mount_point.clone();
                let names = match version {
                    Version::V1 => names.clone(),
                    Version::V2 => v2_controllers(&mount_point).split_whitespace().map(String::from).collect(),
                };
                is_there(&own, version).then_some(Hierarchy { version, names, mount_point, own })
            })
        };
        let has_trees = mounts.iter().any(|mount| mount.file_system.starts_with("cgroup"));
        Machine { hierarchies: cgroup.lines().filter_map(hierarchy).collect(), has_trees }
    }

    /// The tree that has a controller: a v1 tree of its name, or else v2 where it lists it or has it
    /// built in. (A controller is never in both: mounting it in one takes it out of the other.)
    pub fn hierarchy_of(&self, controller: Controller) -> Option<&Hierarchy> {
        let has = |hierarchy: &&Hierarchy, name: &str| hierarchy.names.iter().any(|known| known == name);
        let v1 = |hierarchy: &&Hierarchy| hierarchy.version == Version::V1 && has(hierarchy, controller.v1_name());
        let v2 = |hierarchy: &&Hierarchy| {
            hierarchy.version == Version::V2 && controller.v2_name().is_none_or(|name| has(hierarchy, name))
        };
        self.hierarchies.iter().find(v1).or_else(|| self.hierarchies.iter().find(v2))
    }
    // ANCHOR_END: read

    /// `v1`, `v2` or `hybrid`, for people: by the controllers of this chapter that each version has.
    pub fn kind(&self) -> &'static str {
        let on = |version| {
            let of = |controller: &Controller| controller.v2_name().and_then(|_| self.hierarchy_of(*controller));
            Controller::ALL.iter().filter_map(of).any(|hierarchy| hierarchy.version == version)
        };
        let v2_is_mounted = self.hierarchies.iter().any(|hierarchy| hierarchy.version == Version::V2);
        match (on(Version::V1), on(Version::V2)) {
            (true, true) => "hybrid",
            (true, false) if v2_is_mounted => "v1, with a v2 tree that has none of them",
            (true, false) => "v1",
            (false, true) => "v2",
            (false, false) => "without controllers",
        }
    }
}

impl Mount {
    /// Where the cgroup at `path` is seen through this mount. Not at all, if the mount shows another
    /// part of the tree, or one outside of our cgroup namespace (then there is `..` in it).
    fn directory_of(&self, path: &Path) -> Option<PathBuf> {
        let below = path.strip_prefix(&self.root).ok()?;
        let mut parts = below.components().chain(self.root.components());
        parts
            .all(|part| part != Component::ParentDir)
            .then(|| if below.as_os_str().is_empty() { self.mount_point.clone() } else { self.mount_point.join(below) })
    }
}

fn mount(line: &str) -> Option<Mount> {
    let (mount, file_system) = line.split_once(" - ")?;
    let mut fields = mount.split(' ');
    let (root, mount_point) = (fields.nth(3)?, fields.next()?);
    let mut more = file_system.split(' ');
    let (kind, options) = (more.next()?, more.nth(1)?);
    Some(Mount {
        root: unescaped(root).into(),
        mount_point: unescaped(mount_point).into(),
        file_system: kind.into(),
        options: options.into(),
    })
}

/// Spaces and the like are written as `\040`.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut plain = parts.next().unwrap_or_default().to_string();
    for part in parts {
        match part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => plain.extend([char::from(byte).to_string().as_str(), &part[3..]]),
            None => plain.extend(["\\", part]),
        }
    }
    plain
}

/// Somebody's mount point or cgroup may be called by bytes that are no UTF-8: then its own line is
/// of no use to us, and all others are.
pub fn read_lossily(file: &str) -> std::io::Result<String> {
    fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether what is seen at a path is a cgroup of this version: statfs(2).
fn is_cgroup(directory: &Path, version: Version) -> bool {
    let wanted = match version {
        Version::V1 => CGROUP_SUPER_MAGIC,
        Version::V2 => CGROUP2_SUPER_MAGIC,
    };
    statfs(directory).is_ok_and(|found| found.filesystem_type() == wanted)
}

#[cfg(test)]
mod tests;
