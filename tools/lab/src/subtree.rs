//! The lab's own cgroups: what namespaces can't contain, in a place of its own, with limits, and
//! removed afterwards.
//!
//! They are called `coracle-lab-NAMESPACE-PID-START` after the lab's outer stage (its PID
//! namespace's inode, its number in it, its start time), so that the next lab knows the ones whose
//! owner is dead, and removes them.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use nix::dir::Dir;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;

use crate::hierarchies::{Hierarchy, hierarchies};
use crate::leftovers::{name_of, remove, sweep, thaw};
use crate::limits::{ByCgroup, Limits};
use crate::observe;
use crate::room::{self, set};

/// Below it, on v2, the lab's processes are, so that its root may enable controllers: they must be
/// in leaves (cgroups(7)).
const LEAF: &str = "inside";

/// The cgroups of one lab; dropped, they are removed, which takes the death of all that was in
/// them. The [keeper](crate::keeper) removes them where the outer stage can't.
#[derive(Debug, Default)]
pub(crate) struct Subtree {
    groups: Vec<Group>,
}

/// One cgroup.
#[derive(Debug)]
struct Group {
    hierarchy: Hierarchy,
    name: String,
    /// Opened while it is as it was: later all mounts are read-only for us, and descriptors keep the
    /// mount they were opened on.
    parent: Dir,
    directory: PathBuf,
    holds: ByCgroup,
}

/// The descriptors by which the lab's PID 1 moves itself in.
#[derive(Debug, Default)]
pub(crate) struct Entrance(Vec<(File, Option<File>, ByCgroup)>);

impl Subtree {
    /// Makes the cgroups that the limits take, or with `all` one in each hierarchy, as far as this user
    /// may; where not, there is none, and rlimits must do.
    pub fn make(limits: &Limits, all: bool) -> Subtree {
        let mut subtree = Subtree::default();
        if !all && limits.memory.is_none() && limits.processes.is_none() {
            return subtree;
        }
        let own = std::process::id() as i32;
        let cgroup = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let Ok(mounts) = observe::mountinfo(own) else { return subtree };
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
            // On v1 a task that moves itself spares the kernel a grace period of 10 ms, which moving a process
            // costs.
            let file = if group.hierarchy.v1.is_some() { "tasks" } else { "cgroup.procs" };
            let open = |directory: &Path| File::options().write(true).open(directory.join(file)).ok();
            Some((open(&group.directory)?, open(&group.directory.join(LEAF)), group.holds))
        };
        Entrance(self.groups.iter().filter_map(open).collect())
    }

    /// The lab's cgroups, and the mount points at which it shall see them as the roots of the
    /// hierarchies.
    pub fn views(&self) -> Vec<(PathBuf, PathBuf)> {
        self.groups.iter().map(|group| (group.directory.clone(), group.hierarchy.mount_point.clone())).collect()
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
                if remove(&group.parent, group.name.as_str()).is_ok() {
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
            let _ = thaw(&self.parent, self.name.as_str());
        }
    }

    fn make(hierarchy: &Hierarchy, name: &str, limits: &Limits, all: bool) -> io::Result<Group> {
        let parent = match hierarchy.v1 {
            Some(_) => hierarchy.directory.clone(),
            None => room::parent(hierarchy, limits, all)?,
        };
        if hierarchy.v1.is_none() && all {
            room::give_what_there_is(&parent);
        }
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let dir = Dir::open(&parent, flags, Mode::empty())?;
        let directory = parent.join(name);
        DirBuilder::new().create(&directory)?;
        let holds = ByCgroup { memory: limits.memory.is_some(), processes: limits.processes.is_some() };
        let group = Group { hierarchy: hierarchy.clone(), name: name.to_string(), parent: dir, directory, holds };
        match group.populate(&parent, limits, all) {
            Ok(()) => Ok(group),
            Err(error) => {
                let _ = remove(&group.parent, group.name.as_str());
                Err(error)
            }
        }
    }

    fn populate(&self, parent: &Path, limits: &Limits, all: bool) -> io::Result<()> {
        let v1 = self.hierarchy.v1.is_some();
        if self.hierarchy.has_v1("cpuset") {
            // Empty in a new v1 cgroup, and then nothing may join (cpuset(7)).
            for file in ["cpuset.cpus", "cpuset.mems"] {
                set(&self.directory.join(file), fs::read_to_string(parent.join(file))?.trim())?;
            }
        }
        if let Some(bytes) = limits.memory {
            let bytes = bytes.to_string();
            if v1 {
                set(&self.directory.join("memory.limit_in_bytes"), &bytes)?;
                // With swap: not there where the kernel doesn't count it.
                let _ = set(&self.directory.join("memory.memsw.limit_in_bytes"), &bytes);
            } else {
                set(&self.directory.join("memory.max"), &bytes)?;
                // Else a hog only swaps.
                let _ = set(&self.directory.join("memory.swap.max"), "0");
            }
        }
        if let Some(processes) = limits.processes {
            // And the lab's PID 1.
            set(&self.directory.join("pids.max"), &(processes + 1).to_string())?;
        }
        if !v1 && all {
            DirBuilder::new().create(self.directory.join(LEAF))?;
        }
        Ok(())
    }
}
