//! The mounts that every container needs: a pure list, after the OCI runtime specification's
//! default file systems.

use std::path::PathBuf;

use ch01_namespaces::{Namespace, Namespaces};

use crate::sys::attr::{NO_DEV, NO_EXEC, NO_SUID, READ_ONLY};

/// One mount, before it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Where, in the container's root.
    pub target: PathBuf,
    /// Of what.
    pub what: What,
    /// MOUNT_ATTR_… bits, see [`attr`](crate::sys::attr).
    pub attributes: u64,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A new file system.
    New {
        /// Its type, as in /proc/filesystems.
        kind: &'static str,
        /// Its options: filesystems(5), tmpfs(5).
        options: Vec<(String, String)>,
    },
    /// A part of the host's tree, with what is mounted below it.
    Bind {
        /// A path on the host.
        source: PathBuf,
    },
}

impl Mount {
    /// A new file system.
    pub fn new(target: &str, kind: &'static str, attributes: u64, options: &[(&str, &str)]) -> Mount {
        let options = options.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        Mount { target: target.into(), what: What::New { kind, options }, attributes }
    }

    fn borrow(path: &str, attributes: u64) -> Mount {
        Mount { target: path.into(), what: What::Bind { source: path.into() }, attributes }
    }

    /// A tmpfs with options of the user's, and the attributes that Docker gives it.
    pub fn tmpfs(target: PathBuf, options: Vec<(String, String)>) -> Mount {
        Mount { target, what: What::New { kind: "tmpfs", options }, attributes: NO_SUID | NO_DEV | NO_EXEC }
    }
}

/// What the decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct World {
    /// The namespaces that are the container's own, made or joined.
    pub own: Namespaces,
    /// Whether we have root's powers over the machine, and not just over a user namespace.
    pub privileged: bool,
    /// The size of /dev/shm in bytes, unless it is Docker's 64 MiB.
    pub shm_size: Option<u64>,
}

// ANCHOR: defaults
/// The default mounts, in the order in which they have to be made.
///
/// A user namespace may mount /sys only if it owns the network namespace, /proc the PID namespace,
/// mqueue the IPC namespace: those file systems show what is in them. Where it doesn't, the host's
/// are borrowed.
pub fn defaults(world: World) -> Vec<Mount> {
    let may = |kind| world.own.has(kind);
    let may_or_root = |kind| world.privileged || world.own.has(kind);
    let mut mounts = Vec::new();
    mounts.push(if may(Namespace::Pid) {
        Mount::new("/proc", "proc", NO_SUID | NO_DEV | NO_EXEC, &[])
    } else {
        Mount::borrow("/proc", NO_SUID | NO_DEV | NO_EXEC)
    });
    mounts.push(if may_or_root(Namespace::Net) {
        Mount::new("/sys", "sysfs", NO_SUID | NO_DEV | NO_EXEC | READ_ONLY, &[])
    } else {
        Mount::borrow("/sys", NO_SUID | NO_DEV | NO_EXEC | READ_ONLY)
    });
    // No NO_DEV here: these are the devices.
    mounts.push(Mount::new("/dev", "tmpfs", NO_SUID | NO_EXEC, &[("mode", "755"), ("size", "65536k")]));
    // Each mount of devpts is an instance of its own; ptmxmode lets everybody open a new terminal in
    // it.
    mounts.push(Mount::new("/dev/pts", "devpts", NO_SUID | NO_EXEC, &[("ptmxmode", "0666"), ("mode", "0620")]));
    let shm = world.shm_size.map_or("65536k".into(), |size| size.to_string());
    mounts.push(Mount::new("/dev/shm", "tmpfs", NO_SUID | NO_DEV | NO_EXEC, &[("mode", "1777"), ("size", &shm)]));
    if may_or_root(Namespace::Ipc) {
        mounts.push(Mount::new("/dev/mqueue", "mqueue", NO_SUID | NO_DEV | NO_EXEC, &[]));
    }
    mounts
}
// ANCHOR_END: defaults

/// The devices that every container has: name, major, minor
/// (linux/Documentation/admin-guide/devices.txt).
pub const DEVICES: [(&str, u64, u64); 6] =
    [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

/// The links in /dev: target, name.
pub const LINKS: [(&str, &str); 5] = [
    ("/proc/self/fd", "fd"),
    ("/proc/self/fd/0", "stdin"),
    ("/proc/self/fd/1", "stdout"),
    ("/proc/self/fd/2", "stderr"),
    ("pts/ptmx", "ptmx"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn what(mounts: &[Mount], target: &str) -> Option<What> {
        mounts.iter().find(|mount| mount.target.as_os_str() == target).map(|mount| mount.what.clone())
    }

    #[test]
    fn a_user_namespace_borrows_what_shows_the_hosts_namespaces() {
        let own = [Namespace::User, Namespace::Mount, Namespace::Pid].into_iter().collect();
        let mounts = defaults(World { own, privileged: false, shm_size: None });
        assert!(matches!(what(&mounts, "/proc"), Some(What::New { kind: "proc", .. })));
        assert!(matches!(what(&mounts, "/sys"), Some(What::Bind { .. })));
        assert_eq!(what(&mounts, "/dev/mqueue"), None);
    }

    #[test]
    fn with_all_namespaces_nothing_is_borrowed() {
        let mounts = defaults(World { own: Namespaces::all(), privileged: false, shm_size: None });
        assert!(mounts.iter().all(|mount| matches!(mount.what, What::New { .. })), "{mounts:?}");
    }

    #[test]
    fn sys_is_read_only_whoever_mounts_it() {
        for privileged in [true, false] {
            let mounts = defaults(World { own: Namespaces::none(), privileged, shm_size: None });
            let sys = mounts.iter().find(|mount| mount.target.as_os_str() == "/sys").unwrap();
            assert!(sys.attributes & READ_ONLY != 0);
        }
    }

    #[test]
    fn directories_come_before_what_is_in_them() {
        let mounts = defaults(World { own: Namespaces::all(), privileged: true, shm_size: None });
        let place = |target: &str| mounts.iter().position(|mount| mount.target.as_os_str() == target).unwrap();
        assert!(place("/dev") < place("/dev/pts") && place("/dev") < place("/dev/shm"));
    }
}
