//! Root of the machine, root of a user namespace, or an ordinary user.

use nix::unistd::Uid;

/// What this process may do. User id 0 alone doesn't say: inside a user namespace it is the
/// creator's, over the ids that are mapped there and over nothing else of the machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privilege {
    /// Id 0 in the machine's first user namespace: any id, any device, any cgroup.
    MachineRoot,
    /// Id 0 in another one: it may make namespaces and mounts, and give files to the ids that are
    /// mapped.
    NamespaceRoot,
    /// Everybody else, who has to make a user namespace for that.
    OrdinaryUser,
}

// ANCHOR: privilege
impl Privilege {
    /// Of this process, now. It is not kept: a child that works in a new user namespace is somebody
    /// else.
    pub fn current() -> Privilege {
        match (Uid::effective().is_root(), is_first_user_namespace()) {
            (true, true) => Privilege::MachineRoot,
            (true, false) => Privilege::NamespaceRoot,
            (false, _) => Privilege::OrdinaryUser,
        }
    }

    /// Whether it is root over something: namespaces, mounts, owners of files.
    pub fn is_root(self) -> bool {
        self != Privilege::OrdinaryUser
    }

    /// Whether it is root over everything.
    pub fn is_machine_root(self) -> bool {
        self == Privilege::MachineRoot
    }
}
// ANCHOR_END: privilege

/// Only the machine's first user namespace maps every id to itself: user_namespaces(7).
pub fn is_first_user_namespace() -> bool {
    std::fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| maps_everything(&map))
}

fn maps_everything(uid_map: &str) -> bool {
    uid_map.split_whitespace().eq(["0", "0", "4294967295"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_of_a_user_namespace_is_not_the_machines() {
        assert!(maps_everything("         0          0 4294967295\n"));
        assert!(!maps_everything("         0       1000          1\n"));
        assert!(!maps_everything("         0       1000          1\n         1     100000      65536\n"));
        assert!(!maps_everything(""));
    }
}
