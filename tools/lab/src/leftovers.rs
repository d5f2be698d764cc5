//! The names of labs' cgroups, and those that dead labs have left.

use std::ffi::{CString, OsStr};
use std::mem::take;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::NixPath;
use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};

use crate::observe;

pub(crate) const PREFIX: &str = "coracle-lab-";

/// The name of the cgroups of the lab whose outer stage this is.
pub(crate) fn name_of(outer: i32) -> Option<String> {
    let namespace = observe::namespace_inode(outer, "pid").ok()?;
    Some(format!("{PREFIX}{namespace}-{outer}-{}", observe::start_time(outer).ok()?))
}

/// Whether it is a lab's whose outer stage has ended. Of labs in other PID namespaces nothing is
/// known.
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

/// Removes what dead labs left. Everywhere in the hierarchy, since another session has another
/// cgroup.
pub(crate) fn sweep(top: &Path) {
    let Ok(namespace) = observe::namespace_inode(std::process::id() as i32, "pid") else { return };
    let start_of = |pid| observe::process_exists(pid).then(|| observe::start_time(pid).ok()).flatten();
    let mut level = vec![top.to_path_buf()];
    let mut seen = 0;
    for _ in 0..DEEP {
        for directory in take(&mut level) {
            let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let Ok(mut dir) = Dir::open(&directory, flags, Mode::empty()) else { continue };
            for name in directories(&mut dir) {
                // Labs' own names are plain; what is in a lab may be called anything.
                let plain = name.to_str().unwrap_or_default();
                if is_dead(plain, namespace, start_of) {
                    let _ = remove(&dir, name.as_c_str());
                } else if !plain.starts_with(PREFIX) && seen < WIDE {
                    seen += 1;
                    level.push(directory.join(OsStr::from_bytes(name.as_bytes())));
                }
            }
        }
    }
}

fn directories(dir: &mut Dir) -> Vec<CString> {
    let entries = dir.iter().flatten();
    let directories = entries.filter(|entry| entry.file_type() == Some(Type::Directory));
    let names = directories.map(|entry| entry.file_name().to_owned());
    names.filter(|name| ![c".", c".."].contains(&name.as_c_str())).collect()
}

/// Lets a v1 cgroup go on, and those below it.
pub(crate) fn thaw<Name: ?Sized + NixPath>(parent: &Dir, name: &Name) -> Result<(), Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut dir = Dir::openat(parent, name, flags, Mode::empty())?;
    for child in directories(&mut dir) {
        let _ = thaw(&dir, child.as_c_str());
    }
    let state = nix::fcntl::openat(&dir, "freezer.state", OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    nix::unistd::write(state, b"THAWED").map(drop)
}

/// Removes a cgroup, children first. Only rmdir: the files in it are the kernel's.
pub(crate) fn remove<Name: ?Sized + NixPath>(parent: &Dir, name: &Name) -> Result<(), Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut dir = match Dir::openat(parent, name, flags, Mode::empty()) {
        Err(Errno::ENOENT) => return Ok(()),
        dir => dir?,
    };
    for child in directories(&mut dir) {
        remove(&dir, child.as_c_str())?;
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
        let namespace = observe::namespace_inode(own, "pid").unwrap();
        assert!(!is_dead(&name_of(own).unwrap(), namespace, |pid| observe::start_time(pid).ok()));
    }
}
