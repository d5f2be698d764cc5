//! Room for a lab's cgroup on v2, where processes are only in leaves.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{AccessFlags, access};

use crate::hierarchies::Hierarchy;
use crate::limits::Limits;

/// Where the processes go that are in the way: the caller's shell, and we.
const SUPERVISOR: &str = "coracle-lab-supervisor";

/// Where a new cgroup has the controllers: the nearest cgroup above us that gives them to its
/// children, or can be made to. Not one with processes, as our own: the kernel would let it give
/// the threaded ones (pids) and then nobody into its children (EOPNOTSUPP). The root of all may
/// have both; only it has no type (cgroups(7)). If there is none, but our own was handed over to
/// us, its processes make room.
pub(crate) fn parent(hierarchy: &Hierarchy, limits: &Limits, all: bool) -> io::Result<PathBuf> {
    let wanted = [("memory", limits.memory.is_some()), ("pids", limits.processes.is_some() || all)];
    let fits = |directory: &&Path| {
        let file = directory.join("cgroup.subtree_control");
        let available = fs::read_to_string(directory.join("cgroup.controllers")).unwrap_or_default();
        may_be_divided(directory)
            && wanted.iter().filter(|(_, wanted)| *wanted).all(|(controller, _)| {
                let given = |list: &str| list.split_whitespace().any(|name| name == *controller);
                // With `all`, a hierarchy without the controller is still a hierarchy.
                (all && !given(&available))
                    || fs::read_to_string(&file).is_ok_and(|list| given(&list))
                    || set(&file, &format!("+{controller}")).is_ok()
            })
            && may_write(directory)
    };
    let top = &hierarchy.mount_point;
    let above = hierarchy.directory.ancestors().take_while(|directory| directory.starts_with(top));
    let found = above.into_iter().find(fits).map(Path::to_path_buf);
    found
        .or_else(|| make_room(&hierarchy.directory).filter(|own| fits(&own.as_path())))
        .ok_or_else(|| Errno::EACCES.into())
}

/// Moves the processes of a cgroup that is ours into a leaf below it.
fn make_room(group: &Path) -> Option<PathBuf> {
    let list = group.join("cgroup.procs");
    let is_ours = [group, &list, &group.join("cgroup.subtree_control")].into_iter().all(may_write);
    if !is_ours {
        return None;
    }
    let leaf = group.join(SUPERVISOR);
    // There already, where another lab has come first.
    let _ = DirBuilder::new().create(&leaf);
    // A process may start another one while it is being moved.
    for _ in 0..10 {
        let processes = fs::read_to_string(&list).ok()?;
        if processes.is_empty() {
            return Some(group.to_path_buf());
        }
        for process in processes.lines() {
            // Who has ended meanwhile needn't move.
            let _ = set(&leaf.join("cgroup.procs"), process);
        }
    }
    None
}

fn may_write(path: &Path) -> bool {
    access(path, AccessFlags::W_OK).is_ok()
}

/// All controllers that a v2 cgroup has, to its children. What is refused is done without.
pub(crate) fn give_what_there_is(parent: &Path) {
    let available = fs::read_to_string(parent.join("cgroup.controllers")).unwrap_or_default();
    for controller in available.split_whitespace() {
        let _ = set(&parent.join("cgroup.subtree_control"), &format!("+{controller}"));
    }
}

fn may_be_divided(directory: &Path) -> bool {
    let is_root = !directory.join("cgroup.type").exists();
    is_root || fs::read_to_string(directory.join("cgroup.procs")).is_ok_and(|processes| processes.is_empty())
}

/// One write(2): the kernel takes a value as it comes.
pub(crate) fn set(file: &Path, value: &str) -> io::Result<()> {
    File::options().write(true).custom_flags(libc::O_CLOEXEC).open(file)?.write_all(value.as_bytes())
}
