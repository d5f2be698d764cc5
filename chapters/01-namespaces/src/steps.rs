//! The narration's words, and the lessons that go with errors. The code names a step with one short
//! token; the words are here. Later chapters have a `steps.rs` of their own.

use std::fmt;

use nix::errno::Errno;

/// Why a call is made.
pub struct Why {
    /// What the call is for, one line of at most 60 letters.
    pub what_for: &'static str,
    /// The section of the book that explains it.
    pub book: &'static str,
    shell: fn(&[String]) -> Option<String>,
    lessons: &'static [(Errno, Lesson)],
}

/// What an error teaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lesson {
    /// The likely cause.
    pub cause: &'static str,
    /// What to do.
    pub cure: &'static str,
}

impl Why {
    /// What the call is for, and the section of the book.
    pub const fn new(what_for: &'static str, book: &'static str) -> Why {
        Why { what_for, book, shell: |_| None, lessons: &[] }
    }

    /// How the call's arguments make a shell command that does the same.
    pub const fn as_shell(self, shell: fn(&[String]) -> Option<String>) -> Why {
        Why { shell, ..self }
    }

    /// What errors of this step most likely mean.
    pub const fn teaching(self, lessons: &'static [(Errno, Lesson)]) -> Why {
        Why { lessons, ..self }
    }

    /// The shell command that would do the same, if there is one.
    pub fn shell(&self, args: &[String]) -> Option<String> {
        (self.shell)(args)
    }

    /// What an errno at this step most likely means, and what cures it.
    pub fn lesson(&self, errno: Errno) -> Option<Lesson> {
        self.lessons.iter().find(|(known, _)| *known == errno).map(|(_, lesson)| *lesson)
    }
}

impl fmt::Debug for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what_for)
    }
}

const PROCESS: &str = "1.1 Making a process";
const NAME: &str = "1.2 UTS namespaces";
const PROCESSES: &str = "1.3 PID namespaces";
const USERS: &str = "1.4 User namespaces";
const MOUNTS: &str = "1.5 Mount namespaces";
const CGROUPS: &str = "1.8 Cgroup namespaces";
const CLOCKS: &str = "1.9 Time namespaces";
const JOINING: &str = "1.10 Joining a container";

/// The process itself, in its new namespaces.
pub static MAKE_PROCESS: Why = Why::new("a new process, born in its new namespaces", PROCESS)
    .as_shell(|args| Some(format!("unshare --fork {}", namespace_options(args.first()?))))
    .teaching(&REFUSED_PROCESS);

/// Why the kernel makes no process in new namespaces.
static REFUSED_PROCESS: [(Errno, Lesson); 3] = [
    (
        Errno::ENOSPC,
        Lesson {
            cause: "the machine allows no more namespaces (/proc/sys/user/max_*_namespaces), or they are nested 32 deep",
            cure: "cargo wb doctor names the setting",
        },
    ),
    (
        Errno::EPERM,
        Lesson {
            cause: "without a user namespace, only root may make the others; or a sandbox around us forbids it",
            cure: "add user to --namespaces",
        },
    ),
    (
        Errno::EAGAIN,
        Lesson {
            cause: "the user's limit on processes is reached, or a cgroup's (chapter 3)",
            cure: "see ulimit -u, and pids.max in the container's cgroups and in yours",
        },
    ),
];

/// A helper.
pub static START_HELPER: Why =
    Why::new("a helper process, which works beside the container", PROCESS).teaching(&REFUSED_PROCESS);

/// CVE-2019-5736.
pub static PROTECT_PROGRAM: Why =
    Why::new("starts again from a view of its file that can't be written", "6.9 Masked and read-only paths");

/// Before the gid map.
pub static DENY_SETGROUPS: Why =
    Why::new("forbids to drop groups inside; gid_map requires this", USERS).as_shell(write_by_echo);

/// User ids.
pub static MAP_USERS: Why =
    Why::new("which user ids exist inside, and their ids outside", USERS).as_shell(write_by_echo);

/// Group ids.
pub static MAP_GROUPS: Why = Why::new("the same for group ids", USERS).as_shell(write_by_echo);

/// User ids that an administrator granted.
pub static MAP_GRANTED_USERS: Why = Why::new("maps me to root, then the ids granted in /etc/subuid", USERS)
    .as_shell(|args| Some(format!("newuidmap {}", args.join(" "))));

/// Group ids likewise.
pub static MAP_GRANTED_GROUPS: Why = Why::new("the same for groups, from /etc/subgid", USERS)
    .as_shell(|args| Some(format!("newgidmap {}", args.join(" "))));

/// No mount leaks to the host.
pub static MAKE_PRIVATE: Why = Why::new("from here on, mounts made inside stay inside", MOUNTS)
    .as_shell(|_| Some("mount --make-rprivate /".into()));

/// The container's own /proc.
pub static MOUNT_PROC: Why = Why::new("a /proc that shows this PID namespace, so ps is true", PROCESSES)
    .as_shell(|_| Some("mount -t proc proc /proc".into()))
    .teaching(&[(Errno::EPERM, Lesson {
        cause: "in a user namespace the kernel mounts a new /proc only where a /proc without covered parts is in sight; \
                Docker and Podman cover parts of theirs",
        cure: "inside Docker, start it with --security-opt systempaths=unconfined; or leave the PID namespace out: \
               --namespaces mount,user,uts",
    })]);

/// The cgroup tree as the container sees it.
pub static UNSHARE_CGROUP: Why =
    Why::new("the cgroup it is in becomes the root of what it sees", CGROUPS).as_shell(unshare);

/// Clocks of its own.
pub static UNSHARE_TIME: Why = Why::new("new clocks, for the children from now on", CLOCKS).as_shell(unshare);

/// What they show.
pub static SET_CLOCKS: Why = Why::new("the offset of these clocks from the host's", CLOCKS)
    .as_shell(|args| Some(format!("printf {} >{}", args.get(1)?, args.first()?)))
    .teaching(&[(
        Errno::ERANGE,
        Lesson {
            cause: "a clock would be before the boot, or more than 146 years after it",
            cure: "choose an offset that leaves the clock above zero: uptime shows how far back it may go",
        },
    )]);

/// Not for the children only.
pub static JOIN_TIME: Why = Why::new("enters the new time namespace, now that it is set", CLOCKS);

/// The host name.
pub static SET_HOSTNAME: Why = Why::new("the name of this UTS namespace", NAME)
    .as_shell(|args| Some(format!("hostname {}", args.first()?)))
    .teaching(&[(
        Errno::EINVAL,
        Lesson { cause: "a host name has at most 64 bytes", cure: "give a shorter --hostname" },
    )]);

/// The NIS domain name.
pub static SET_DOMAINNAME: Why = Why::new("the NIS domain name of this UTS namespace", NAME)
    .as_shell(|args| Some(format!("domainname {}", args.first()?)))
    .teaching(&[(
        Errno::EINVAL,
        Lesson { cause: "a domain name has at most 64 bytes", cure: "give a shorter --domainname" },
    )]);

/// A helper that joins namespaces in our place.
pub static SEND_HELPER: Why = Why::new("a helper joins: a process can't always go back", JOINING);

/// Into namespaces that exist.
pub static JOIN: Why = Why::new("enters existing namespaces", JOINING)
    .as_shell(|args| Some(format!("nsenter {}", namespace_options(args.get(1)?))))
    .teaching(&[
        (Errno::EPERM, Lesson {
            cause: "joining takes CAP_SYS_ADMIN over the namespace's owner: you must have made it, or be root",
            cure: "look at its owner with inspect, and enter as that user",
        }),
        (Errno::EINVAL, Lesson {
            cause: "a process can't join the user namespace that it is in already, nor any with more than one thread",
            cure: "leave the user namespace out",
        }),
        (Errno::ESRCH, Lesson { cause: "the process that held the namespaces is gone", cure: "see ps" }),
    ]);

/// The caller's terminal is shared.
pub static REFUSE_TYPING: Why = Why::new("no process inside may type on the shared terminal", PROCESS).teaching(&[(
    Errno::EINVAL,
    Lesson {
        cause: "this kernel was built without seccomp filters",
        cure: "give the container no terminal: setsid --wait …, with stdin, stdout and stderr redirected",
    },
)]);

/// The command, as the child of an init.
pub static FORK_FROM_INIT: Why = Why::new("init stays behind as PID 1; its child goes on", PROCESSES);

/// A process of ours in the container's process group.
pub static LISTEN_FOR_INTERRUPTS: Why = Why::new("listens for Ctrl-C in the container's process group", PROCESSES);

/// The command.
pub static EXECUTE: Why =
    Why::new("this process becomes the command", PROCESS).as_shell(|args| Some(format!("exec {}", args.first()?)));

fn write_by_echo(args: &[String]) -> Option<String> {
    Some(format!("echo {} >{}", args.get(1)?, args.first()?))
}

fn unshare(args: &[String]) -> Option<String> {
    Some(format!("unshare {}", namespace_options(args.first()?)))
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
        assert_eq!(MAP_USERS.shell(&args).unwrap(), "echo \"0 1000 1\" >/proc/7/uid_map");
    }

    #[test]
    fn a_lesson_belongs_to_a_step_and_an_errno() {
        assert!(SET_HOSTNAME.lesson(Errno::EINVAL).unwrap().cause.contains("64 bytes"));
        assert_eq!(SET_HOSTNAME.lesson(Errno::EPERM), None);
    }
}
