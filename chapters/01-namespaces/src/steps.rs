//! The narration's words, and the lessons that go with errors: one short token in the code picks them.

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

/// Why a call is made. The code carries the token; the words are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The process itself, in its new namespaces.
    MakeProcess,
    /// Before the gid map.
    DenySetgroups,
    /// User ids.
    MapUsers,
    /// Group ids.
    MapGroups,
    /// User ids that an administrator granted.
    MapGrantedUsers,
    /// Group ids likewise.
    MapGrantedGroups,
    /// No mount leaks to the host.
    MakePrivate,
    /// The container's own /proc.
    MountProc,
    /// The cgroup tree as the container sees it.
    UnshareCgroup,
    /// Clocks of its own.
    UnshareTime,
    /// What they show.
    SetClocks,
    /// The host name.
    SetHostname,
    /// The NIS domain name.
    SetDomainname,
    /// A helper that joins namespaces in our place.
    SendHelper,
    /// Into namespaces that exist.
    Join,
    /// The command, as the child of an init.
    ForkFromInit,
    /// The command.
    Execute,
}

/// What is said about a step.
pub struct Words {
    /// What the call is for, one line of at most 60 letters.
    pub what_for: &'static str,
    /// The section of the book that explains it.
    pub book: &'static str,
}

impl Why {
    /// The words for a step.
    pub fn words(self) -> Words {
        let (what_for, book) = match self {
            Why::MakeProcess => ("a new process, born in its new namespaces", "1.1 Making a process"),
            Why::DenySetgroups => ("nobody may drop groups inside; gid_map demands it", "1.4 Users"),
            Why::MapUsers => ("which user ids exist inside, and who they are outside", "1.4 Users"),
            Why::MapGroups => ("the same for group ids", "1.4 Users"),
            Why::MapGrantedUsers => ("me as root, then the ids granted in /etc/subuid", "1.4 Users"),
            Why::MapGrantedGroups => ("the same for groups, from /etc/subgid", "1.4 Users"),
            Why::MakePrivate => ("from here on, mounts made inside stay inside", "1.5 Mounts"),
            Why::MountProc => ("a /proc that shows this PID namespace, so ps is true", "1.3 Processes"),
            Why::UnshareCgroup => ("the cgroup it is in becomes the root of what it sees", "1.8 Cgroup roots"),
            Why::UnshareTime => ("clocks of its own, from the next program on", "1.9 Clocks"),
            Why::SetClocks => ("how far the clocks since boot are off the host's", "1.9 Clocks"),
            Why::SetHostname => ("the name of this UTS namespace", "1.2 A name of its own"),
            Why::SetDomainname => ("the NIS domain name of this UTS namespace", "1.2 A name of its own"),
            Why::SendHelper => ("a helper goes: who joins can't always come back", "1.10 Joining a container"),
            Why::Join => ("into namespaces that exist already", "1.10 Joining a container"),
            Why::ForkFromInit => ("init stays behind as PID 1; its child goes on", "1.3 Processes"),
            Why::Execute => ("this process becomes the command", "1.1 Making a process"),
        };
        Words { what_for, book }
    }

    /// The shell command that would do the same, if there is one.
    pub fn shell(self, args: &[String]) -> Option<String> {
        let arg = |index: usize| args.get(index).map_or("", String::as_str);
        Some(match self {
            Why::MakeProcess => format!("unshare --fork {}", namespace_options(arg(0))),
            Why::DenySetgroups | Why::MapUsers | Why::MapGroups => format!("echo {} >{}", arg(1), arg(0)),
            Why::MapGrantedUsers => format!("newuidmap {}", args.join(" ")),
            Why::MapGrantedGroups => format!("newgidmap {}", args.join(" ")),
            Why::UnshareCgroup | Why::UnshareTime => format!("unshare {}", namespace_options(arg(0))),
            Why::SetClocks => format!("printf {} >{}", arg(1), arg(0)),
            Why::MakePrivate => "mount --make-rprivate /".into(),
            Why::MountProc => "mount -t proc proc /proc".into(),
            Why::SetHostname => format!("hostname {}", arg(0)),
            Why::SetDomainname => format!("domainname {}", arg(0)),
            Why::Join => format!("nsenter {}", namespace_options(arg(1))),
            Why::SendHelper | Why::ForkFromInit => return None,
            Why::Execute => format!("exec {}", arg(0)),
        })
    }

    /// What an errno at this step most likely means, and what cures it.
    pub fn lesson(self, errno: Errno) -> Option<Lesson> {
        let (cause, cure) = match (self, errno) {
            (Why::MountProc, Errno::EPERM) => (
                "in a user namespace the kernel mounts a new /proc only where a /proc without covered parts is in sight; \
                 Docker and Podman cover parts of theirs",
                "inside Docker, start it with --security-opt systempaths=unconfined; or leave the PID namespace out: \
                 --namespaces mount,user,uts",
            ),
            (Why::SetHostname, Errno::EINVAL) => ("a host name has at most 64 bytes", "give a shorter --hostname"),
            (Why::MakeProcess, Errno::ENOSPC) => (
                "the machine allows no more namespaces (/proc/sys/user/max_*_namespaces), or they are nested 32 deep",
                "cargo wb doctor names the setting",
            ),
            (Why::MakeProcess, Errno::EPERM) => (
                "without a user namespace, only root may make the others; or a sandbox around us forbids it",
                "add user to --namespaces",
            ),
            (Why::Join, Errno::EPERM) => (
                "joining takes CAP_SYS_ADMIN over the namespace's owner: you must have made it, or be root",
                "look at its owner with inspect, and enter as that user",
            ),
            (Why::Join, Errno::EINVAL) => (
                "a process can't join the user namespace that it is in already, nor any with more than one thread",
                "leave the user namespace out",
            ),
            (Why::Join, Errno::ESRCH) => ("the process that held the namespaces is gone", "see ps"),
            (Why::MakeProcess, Errno::EAGAIN) => ("the limit on processes is reached", "see ulimit -u"),
            _ => return None,
        };
        Some(Lesson { cause, cure })
    }
}

/// What an error teaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lesson {
    /// The likely cause.
    pub cause: &'static str,
    /// What to do.
    pub cure: &'static str,
}

/// `CLONE_NEWPID|CLONE_NEWUTS` as options of unshare(1) and nsenter(1).
fn namespace_options(flag_names: &str) -> String {
    let option = |flag: &str| match flag {
        "CLONE_NEWNS" => "--mount".to_string(),
        other => format!("--{}", other.trim_start_matches("CLONE_NEW").to_lowercase()),
    };
    flag_names.split('|').filter(|flag| flag.starts_with("CLONE_NEW")).map(option).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clone_is_told_as_unshare() {
        assert_eq!(namespace_options("CLONE_NEWNS|CLONE_NEWPID|CLONE_PIDFD"), "--mount --pid");
    }

    #[test]
    fn a_file_write_is_told_as_echo() {
        let args = ["/proc/7/uid_map".to_string(), "\"0 1000 1\"".to_string()];
        assert_eq!(Why::MapUsers.shell(&args).unwrap(), "echo \"0 1000 1\" >/proc/7/uid_map");
    }
}
