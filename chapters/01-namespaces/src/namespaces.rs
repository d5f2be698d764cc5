//! The eight kinds of namespace, and sets of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One kind of namespace: namespaces(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Namespace {
    /// What `/proc/self/cgroup` shows as the root: cgroup_namespaces(7).
    Cgroup,
    /// System V IPC objects and POSIX message queues: ipc_namespaces(7).
    Ipc,
    /// The mount table: mount_namespaces(7).
    Mount,
    /// Interfaces, routes, firewall rules, ports: network_namespaces(7).
    Net,
    /// Process ids: pid_namespaces(7).
    Pid,
    /// The monotonic and boot-time clocks: time_namespaces(7).
    Time,
    /// User and group ids, and capabilities: user_namespaces(7).
    User,
    /// Host name and NIS domain name: uts_namespaces(7).
    Uts,
}

use Namespace::*;

impl Namespace {
    /// Every kind, in the order of their names.
    pub const ALL: [Namespace; 8] = [Cgroup, Ipc, Mount, Net, Pid, Time, User, Uts];

    /// The name on our command line.
    pub fn name(self) -> &'static str {
        match self {
            Cgroup => "cgroup",
            Ipc => "ipc",
            Mount => "mount",
            Net => "net",
            Pid => "pid",
            Time => "time",
            User => "user",
            Uts => "uts",
        }
    }

    /// The name of its file under `/proc/PID/ns`.
    pub fn proc_name(self) -> &'static str {
        if self == Mount { "mnt" } else { self.name() }
    }

    /// The section of the manual that describes it.
    pub fn man_page(self) -> &'static str {
        match self {
            Cgroup => "cgroup_namespaces(7)",
            Ipc => "ipc_namespaces(7)",
            Mount => "mount_namespaces(7)",
            Net => "network_namespaces(7)",
            Pid => "pid_namespaces(7)",
            Time => "time_namespaces(7)",
            User => "user_namespaces(7)",
            Uts => "uts_namespaces(7)",
        }
    }

    /// Its bit in `clone3`'s flags, as a `u64`: some of libc's constants are `int`s that sign-extend.
    pub const fn flag(self) -> u64 {
        match self {
            Cgroup => 0x0200_0000,
            Ipc => 0x0800_0000,
            Mount => 0x0002_0000,
            Net => 0x4000_0000,
            Pid => 0x2000_0000,
            Time => 0x0000_0080,
            User => 0x1000_0000,
            Uts => 0x0400_0000,
        }
    }

    /// The kind that a flag stands for.
    pub fn of_flag(flag: u64) -> Option<Namespace> {
        Namespace::ALL.into_iter().find(|kind| kind.flag() == flag)
    }

    /// The flag as clone(2) spells it. The mount namespace was the first, hence its plain "new
    /// namespace".
    pub fn flag_name(self) -> &'static str {
        match self {
            Cgroup => "CLONE_NEWCGROUP",
            Ipc => "CLONE_NEWIPC",
            Mount => "CLONE_NEWNS",
            Net => "CLONE_NEWNET",
            Pid => "CLONE_NEWPID",
            Time => "CLONE_NEWTIME",
            User => "CLONE_NEWUSER",
            Uts => "CLONE_NEWUTS",
        }
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Namespace {
    type Err = String;

    fn from_str(text: &str) -> Result<Namespace, String> {
        let text = text.trim();
        Namespace::ALL
            .into_iter()
            .find(|kind| [kind.name(), kind.proc_name(), kind.flag_name()].contains(&text))
            .ok_or_else(|| format!("no namespace is called {text:?}: choose from {}, or all", Namespaces::all()))
    }
}

/// A set of namespaces, written `pid,uts`, `all` or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Namespaces {
    flags: u64,
}

impl Namespaces {
    /// The empty set.
    pub const fn none() -> Namespaces {
        Namespaces { flags: 0 }
    }

    /// All eight.
    pub fn all() -> Namespaces {
        Namespace::ALL.into_iter().collect()
    }

    /// What a container gets unless its maker says otherwise: its own mounts, processes and host name.
    /// An ordinary user may make these only in a user namespace: user_namespaces(7).
    pub fn default_for_caller() -> Namespaces {
        let set: Namespaces = [Namespace::Mount, Namespace::Pid, Namespace::Uts].into_iter().collect();
        if crate::privilege::Privilege::current().is_root() { set } else { set.with(Namespace::User) }
    }

    /// The set and one more.
    pub const fn with(self, kind: Namespace) -> Namespaces {
        Namespaces { flags: self.flags | kind.flag() }
    }

    /// Adds one.
    pub fn add(&mut self, kind: Namespace) {
        *self = self.with(kind);
    }

    /// Whether `kind` is in the set.
    pub const fn has(self, kind: Namespace) -> bool {
        self.flags & kind.flag() != 0
    }

    /// The bits for `clone3`, `unshare` or `setns`.
    pub const fn flags(self) -> u64 {
        self.flags
    }

    /// The kinds in the set, in the order of their names.
    pub fn iter(self) -> impl Iterator<Item = Namespace> {
        Namespace::ALL.into_iter().filter(move |kind| self.has(*kind))
    }

    /// As the C source would spell it: `CLONE_NEWPID|CLONE_NEWUTS`.
    pub fn flag_names(self) -> String {
        let names: Vec<_> = self.iter().map(Namespace::flag_name).collect();
        if names.is_empty() { "0".into() } else { names.join("|") }
    }
}

impl FromIterator<Namespace> for Namespaces {
    fn from_iter<I: IntoIterator<Item = Namespace>>(kinds: I) -> Namespaces {
        kinds.into_iter().fold(Namespaces::none(), Namespaces::with)
    }
}

impl fmt::Display for Namespaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Namespace::name).collect();
        f.pad(if names.is_empty() { "none".into() } else { names.join(",") }.as_str())
    }
}

impl FromStr for Namespaces {
    type Err = String;

    fn from_str(text: &str) -> Result<Namespaces, String> {
        match text.trim() {
            "all" => Ok(Namespaces::all()),
            "none" | "" => Ok(Namespaces::none()),
            list => list.split(',').map(Namespace::from_str).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_and_printed_in_one_order() {
        let set: Namespaces = "uts, pid".parse().unwrap();
        assert_eq!(set.to_string(), "pid,uts");
        assert_eq!(set.flag_names(), "CLONE_NEWPID|CLONE_NEWUTS");
    }

    #[test]
    fn the_names_of_proc_and_of_clone_are_understood_too() {
        let set: Namespaces = "mnt,CLONE_NEWNET".parse().unwrap();
        assert_eq!(set, Namespaces::none().with(Mount).with(Net));
    }

    #[test]
    fn all_means_eight_and_none_means_none() {
        assert_eq!("all".parse::<Namespaces>().unwrap().iter().count(), 8);
        assert_eq!("none".parse::<Namespaces>().unwrap(), Namespaces::none());
    }

    #[test]
    fn an_unknown_name_is_told_with_the_choices() {
        let error = "pid,utz".parse::<Namespaces>().unwrap_err();
        assert!(error.contains("\"utz\"") && error.contains("cgroup,ipc,mount,net,pid,time,user,uts"), "{error}");
    }

    #[test]
    fn the_flags_are_those_of_the_c_library() {
        for (kind, flag) in [
            (Cgroup, libc::CLONE_NEWCGROUP),
            (Ipc, libc::CLONE_NEWIPC),
            (Mount, libc::CLONE_NEWNS),
            (Net, libc::CLONE_NEWNET),
            (Pid, libc::CLONE_NEWPID),
            (User, libc::CLONE_NEWUSER),
            (Uts, libc::CLONE_NEWUTS),
        ] {
            assert_eq!(kind.flag(), flag as u64, "{kind}");
        }
    }
}
