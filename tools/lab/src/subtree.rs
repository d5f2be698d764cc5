//! The lab's own cgroups: what namespaces can't contain, in a place of its own, with limits, and removed afterwards.
//!
//! They are called `coracle-lab-NAMESPACE-PID-START` after the lab's outer stage (its PID namespace's inode, its number in it, its start
//! time), so that the next lab knows the ones whose owner is dead, and removes them.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};

use crate::hierarchies::{Hierarchy, hierarchies};
use crate::limits::{ByCgroup, Limits};
use crate::look;

pub(crate) const PREFIX: &str = "coracle-lab-";

/// Below it, on v2, the lab's processes are, so that its root may enable controllers: they must be in leaves (cgroups(7)).
const LEAF: &str = "inside";

/// The cgroups of one lab; dropped, they are removed, which takes the death of all that was in them. The
/// [keeper](crate::keeper) removes them where the outer stage can't.
#[derive(Debug, Default)]
pub(crate) struct Subtree {
    groups: Vec<Group>,
}

/// One cgroup.
#[derive(Debug)]
struct Group {
    hierarchy: Hierarchy,
    name: String,
    /// Opened while it is as it was: later all mounts are read-only for us, and descriptors keep the mount they were opened on.
    parent: Dir,
    folder: PathBuf,
    holds: ByCgroup,
}

/// The descriptors by which the lab's PID 1 moves itself in.
#[derive(Debug, Default)]
pub(crate) struct Entrance(Vec<(File, Option<File>, ByCgroup)>);

impl Subtree {
    /// Makes the cgroups that the limits take, or with `all` one in each hierarchy, as far as this user may; where not, there is none, and
    /// rlimits must do.
    pub fn make(limits: &Limits, all: bool) -> Subtree {
        let mut subtree = Subtree::default();
        if !all && limits.memory.is_none() && limits.processes.is_none() {
            return subtree;
        }
        let own = std::process::id() as i32;
        let cgroup = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let Ok(mounts) = look::mountinfo(own) else { return subtree };
        let Some(name) = name_of(own) else { return subtree };
        let found = hierarchies(&cgroup, &mounts);
        let v1_has = |controller| found.iter().any(|hierarchy| hierarchy.has_v1(controller));
        for hierarchy in &found {
            sweep(&hierarchy.mount_point);
            let here = |controller| match hierarchy.v1 {
                Some(_) => hierarchy.has_v1(controller),
                None => !v1_has(controller),
            };
            let limits = Limits {
                memory: limits.memory.filter(|_| here("memory")),
                processes: limits.processes.filter(|_| here("pids")),
            };
            if (all || limits != Limits::default())
                && let Ok(group) = Group::make(hierarchy, &name, &limits, all)
            {
                subtree.groups.push(group);
            }
        }
        subtree
    }

    /// Opened before the lab's mounts are read-only.
    pub fn entrance(&self) -> Entrance {
        let open = |group: &Group| {
            // On v1 a task that moves itself spares the kernel a grace period of 10 ms, which moving a process costs.
            let file = if group.hierarchy.v1.is_some() { "tasks" } else { "cgroup.procs" };
            let open = |folder: &Path| File::options().write(true).open(folder.join(file)).ok();
            Some((open(&group.folder)?, open(&group.folder.join(LEAF)), group.holds))
        };
        Entrance(self.groups.iter().filter_map(open).collect())
    }

    /// The lab's cgroups, and the mount points at which it shall see them as the roots of the hierarchies.
    pub fn views(&self) -> Vec<(PathBuf, PathBuf)> {
        self.groups.iter().map(|group| (group.folder.clone(), group.hierarchy.mount_point.clone())).collect()
    }
}

impl Subtree {
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Those that removal takes.
    pub fn descriptors(&self) -> Vec<RawFd> {
        self.groups.iter().map(|group| group.parent.as_raw_fd()).collect()
    }

    /// On v1 what is frozen isn't killed before it goes on, and keeps the lab's PID 1 from its end.
    pub fn thaw(&self) {
        self.groups.iter().for_each(Group::thaw);
    }

    /// What is gone already is no error: the outer stage and its keeper may both be at it.
    pub fn remove(&self) {
        for group in &self.groups {
            // The last of the dead may be leaving still.
            for _ in 0..400 {
                self.thaw();
                if remove(&group.parent, &group.name).is_ok() {
                    break;
                }
                sleep(Duration::from_millis(5));
            }
        }
    }
}

impl Drop for Subtree {
    fn drop(&mut self) {
        self.remove();
    }
}

impl Entrance {
    /// Moves this process in. What the cgroups hold, of those that it could move to.
    pub fn enter(&self) -> ByCgroup {
        let mut held = ByCgroup::default();
        for (into, _, holds) in &self.0 {
            if write!(&*into, "0").is_ok() {
                held = held.and(*holds);
            }
        }
        held
    }

    /// To be called in the lab's own cgroup namespace, whose root stays where it was made.
    pub fn go_to_leaves(&self) {
        for leaf in self.0.iter().filter_map(|(_, leaf, _)| leaf.as_ref()) {
            let _ = write!(&*leaf, "0");
        }
    }
}

impl Group {
    fn thaw(&self) {
        if self.hierarchy.has_v1("freezer") {
            let _ = thaw(&self.parent, &self.name);
        }
    }

    fn make(hierarchy: &Hierarchy, name: &str, limits: &Limits, all: bool) -> io::Result<Group> {
        let parent = match hierarchy.v1 {
            Some(_) => hierarchy.folder.clone(),
            None => parent_on_v2(hierarchy, limits, all)?,
        };
        if hierarchy.v1.is_none() && all {
            give_what_there_is(&parent);
        }
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let dir = Dir::open(&parent, flags, Mode::empty())?;
        let folder = parent.join(name);
        DirBuilder::new().create(&folder)?;
        let holds = ByCgroup { memory: limits.memory.is_some(), processes: limits.processes.is_some() };
        let group = Group { hierarchy: hierarchy.clone(), name: name.to_string(), parent: dir, folder, holds };
        match group.furnish(&parent, limits, all) {
            Ok(()) => Ok(group),
            Err(error) => {
                let _ = remove(&group.parent, &group.name);
                Err(error)
            }
        }
    }

    fn furnish(&self, parent: &Path, limits: &Limits, all: bool) -> io::Result<()> {
        let v1 = self.hierarchy.v1.is_some();
        if self.hierarchy.has_v1("cpuset") {
            // Empty in a new v1 cgroup, and then nothing may join (cpuset(7)).
            for file in ["cpuset.cpus", "cpuset.mems"] {
                set(&self.folder.join(file), fs::read_to_string(parent.join(file))?.trim())?;
            }
        }
        if let Some(bytes) = limits.memory {
            let bytes = bytes.to_string();
            if v1 {
                set(&self.folder.join("memory.limit_in_bytes"), &bytes)?;
                // With swap: not there where the kernel doesn't count it.
                let _ = set(&self.folder.join("memory.memsw.limit_in_bytes"), &bytes);
            } else {
                set(&self.folder.join("memory.max"), &bytes)?;
                // Else a hog only swaps.
                let _ = set(&self.folder.join("memory.swap.max"), "0");
            }
        }
        if let Some(processes) = limits.processes {
            // And the lab's PID 1.
            set(&self.folder.join("pids.max"), &(processes + 1).to_string())?;
        }
        if !v1 && all {
            DirBuilder::new().create(self.folder.join(LEAF))?;
        }
        Ok(())
    }
}

/// Where a new cgroup has the controllers: the nearest cgroup above us that gives them to its children, or can be made to. Not one with
/// processes, as our own: the kernel would let it give the threaded ones (pids) and then nobody into its children (EOPNOTSUPP). The root of
/// all may have both; only it has no type (cgroups(7)).
fn parent_on_v2(hierarchy: &Hierarchy, limits: &Limits, all: bool) -> io::Result<PathBuf> {
    let wanted = [("memory", limits.memory.is_some()), ("pids", limits.processes.is_some() || all)];
    let fits = |folder: &&Path| {
        let file = folder.join("cgroup.subtree_control");
        let available = fs::read_to_string(folder.join("cgroup.controllers")).unwrap_or_default();
        may_be_divided(folder)
            && wanted.iter().filter(|(_, wanted)| *wanted).all(|(controller, _)| {
                let given = |list: &str| list.split_whitespace().any(|name| name == *controller);
                // With `all`, a hierarchy without the controller is still a hierarchy.
                (all && !given(&available))
                    || fs::read_to_string(&file).is_ok_and(|list| given(&list))
                    || set(&file, &format!("+{controller}")).is_ok()
            })
            && nix::unistd::access(*folder, nix::unistd::AccessFlags::W_OK).is_ok()
    };
    let top = &hierarchy.mount_point;
    let above = hierarchy.folder.ancestors().take_while(|folder| folder.starts_with(top));
    above.into_iter().find(fits).map(Path::to_path_buf).ok_or_else(|| Errno::EACCES.into())
}

/// All controllers that a v2 cgroup has, to its children. What is refused is done without.
fn give_what_there_is(parent: &Path) {
    let available = fs::read_to_string(parent.join("cgroup.controllers")).unwrap_or_default();
    for controller in available.split_whitespace() {
        let _ = set(&parent.join("cgroup.subtree_control"), &format!("+{controller}"));
    }
}

fn may_be_divided(folder: &Path) -> bool {
    let is_root = !folder.join("cgroup.type").exists();
    is_root || fs::read_to_string(folder.join("cgroup.procs")).is_ok_and(|processes| processes.is_empty())
}

fn set(file: &Path, value: &str) -> io::Result<()> {
    File::options().write(true).custom_flags(libc::O_CLOEXEC).open(file)?.write_all(value.as_bytes())
}

fn name_of(outer: i32) -> Option<String> {
    let namespace = look::namespace_inode(outer, "pid").ok()?;
    Some(format!("{PREFIX}{namespace}-{outer}-{}", look::start_time(outer).ok()?))
}

/// Whether it is a lab's whose outer stage has ended. Of labs in other PID namespaces nothing is known.
fn is_dead(name: &str, own_namespace: u64, start_of: impl Fn(i32) -> Option<u64>) -> bool {
    let Some(numbers) = name.strip_prefix(PREFIX) else { return false };
    let numbers: Vec<u64> = numbers.split('-').filter_map(|number| number.parse().ok()).collect();
    match numbers[..] {
        [namespace, pid, start] => {
            namespace == own_namespace && i32::try_from(pid).is_ok_and(|pid| start_of(pid) != Some(start))
        }
        _ => false,
    }
}

/// How much of a hierarchy is looked at; labs are not far from where sessions and services are.
const DEEP: usize = 5;
const WIDE: usize = 1000;

/// Removes what dead labs left. Everywhere in the hierarchy, since another session has another cgroup.
fn sweep(top: &Path) {
    let Ok(namespace) = look::namespace_inode(std::process::id() as i32, "pid") else { return };
    let start_of = |pid| look::process_exists(pid).then(|| look::start_time(pid).ok()).flatten();
    let mut level = vec![top.to_path_buf()];
    let mut seen = 0;
    for _ in 0..DEEP {
        for folder in std::mem::take(&mut level) {
            let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let Ok(mut dir) = Dir::open(&folder, flags, Mode::empty()) else { continue };
            for name in folders(&mut dir) {
                if is_dead(&name, namespace, start_of) {
                    let _ = remove(&dir, &name);
                } else if !name.starts_with(PREFIX) && seen < WIDE {
                    seen += 1;
                    level.push(folder.join(name));
                }
            }
        }
    }
}

fn folders(dir: &mut Dir) -> Vec<String> {
    let entries = dir.iter().flatten();
    let folders = entries.filter(|entry| entry.file_type() == Some(Type::Directory));
    let names = folders.filter_map(|entry| entry.file_name().to_str().ok().map(str::to_string));
    names.filter(|name| name != "." && name != "..").collect()
}

/// Lets a v1 cgroup go on, and those below it.
fn thaw(parent: &Dir, name: &str) -> Result<(), Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut dir = Dir::openat(parent, name, flags, Mode::empty())?;
    for child in folders(&mut dir) {
        let _ = thaw(&dir, &child);
    }
    let state = nix::fcntl::openat(&dir, "freezer.state", OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    nix::unistd::write(state, b"THAWED").map(drop)
}

/// Removes a cgroup, children first. Only rmdir: the files in it are the kernel's.
fn remove(parent: &Dir, name: &str) -> Result<(), Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut dir = match Dir::openat(parent, name, flags, Mode::empty()) {
        Err(Errno::ENOENT) => return Ok(()),
        dir => dir?,
    };
    for child in folders(&mut dir) {
        remove(&dir, &child)?;
    }
    unlinkat(parent, name, UnlinkatFlags::RemoveDir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cgroup_is_a_dead_labs_when_its_owner_has_another_start_time_or_none() {
        let start_of = |pid| (pid == 7).then_some(100);
        assert!(!is_dead("coracle-lab-1-7-100", 1, start_of));
        assert!(is_dead("coracle-lab-1-7-99", 1, start_of));
        assert!(is_dead("coracle-lab-1-8-100", 1, start_of));
    }

    #[test]
    fn what_is_not_known_to_be_dead_is_left_alone() {
        for name in ["coracle-lab-2-8-100", "coracle-lab-1-8", "coracle-lab-x-8-100", "docker", ""] {
            assert!(!is_dead(name, 1, |_| None), "{name}");
        }
    }

    #[test]
    fn ones_own_name_is_not_a_dead_labs() {
        let own = std::process::id() as i32;
        let namespace = look::namespace_inode(own, "pid").unwrap();
        assert!(!is_dead(&name_of(own).unwrap(), namespace, |pid| look::start_time(pid).ok()));
    }
}
