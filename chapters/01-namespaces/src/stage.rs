//! The order in which the kernel wants things done.

/// When, in the making of a container, a mechanism has its turn.
///
/// The child walks the mechanisms stage by stage. Each edge between two stages has a reason in the
/// kernel:
///
/// | before | after | because |
/// |---|---|---|
/// | Identity | everything | without mapped ids a process in a new user namespace is nobody (65534): it can own nothing on the file systems that it mounts there, and an execve(2) as nobody loses all its capabilities |
/// | Limits | Network, Root | what the set-up itself allocates is charged to the container; a cgroup namespace takes the cgroup that the process is in as its root |
/// | Network | Root | the host's tools and files (`/sys`, `/proc/sys/net`) are still in sight |
/// | Root | Mounts | propagation must be private before the first mount, or the mount shows on the host |
/// | Mounts | Pivot | sources of bind mounts are on the old root; a new `/proc` may be mounted in a user namespace only while a full one is still in sight |
/// | Pivot | System | what is written into the container's files must land in the container's root |
/// | System | Cover | what is covered or made read-only had to be written first; a terminal is the container's own only behind the change of root |
/// | Cover | ready | all that can go wrong with the set-up has gone wrong before `create` returns |
/// | ready | Seal | giving up powers comes last, since everything above needs them |
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Who the process is: user namespace and id maps, PID namespace.
    Identity,
    /// How much it may use: control groups.
    Limits,
    /// Interfaces and addresses.
    Network,
    /// Where mounts are made: propagation, the root file system's own mount.
    Root,
    /// What is mounted: /proc, /dev, volumes.
    Mounts,
    /// The change of root.
    Pivot,
    /// Names, clocks and kernel settings.
    System,
    /// What hides or restricts files from here on: masks, read-only paths; the console and the working
    /// directory.
    Cover,
    /// The last steps, after the start gate has opened: capabilities, seccomp. No host stands by any
    /// more, so a mechanism of this stage can't ask for [`attach`](crate::Mechanism::attach).
    Seal,
}
