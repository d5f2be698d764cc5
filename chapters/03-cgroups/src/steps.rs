//! The words of this chapter's narration.

use ch01_namespaces::{Lesson, Why};
use nix::errno::Errno;

const CGROUPS: &str = "3.1 Cgroups";
const VERSIONS: &str = "3.2 Cgroup v1 and v2";
const CPU: &str = "3.3 CPU time";
const MEMORY: &str = "3.4 Memory";
const FREEZING: &str = "3.6 Freezing";
const DEVICES: &str = "3.7 Devices";
const VIEW: &str = "3.8 Cgroups seen from inside";

const READ_ONLY: Lesson = Lesson {
    cause: "the cgroups are mounted read-only, as Docker and Podman do it in their containers",
    cure: "do this outside of the container, or start it with --privileged",
};

/// The directory.
pub static MAKE_CGROUP: Why = Why::new("a cgroup is a directory; the kernel fills it with files", CGROUPS)
    .as_shell(|args| {
        let directory = args.first()?;
        let is_shared = args.get(1).is_some_and(|mode| mode == "01777");
        Some(if is_shared { format!("mkdir {directory} && chmod +t {directory}") } else { format!("mkdir {directory}") })
    })
    .teaching(&[
        (Errno::EACCES, Lesson {
            cause: "these cgroups belong to root: an ordinary user may only divide a cgroup that was delegated to them",
            cure: "on v2 with systemd: systemd-run --user --scope -p Delegate=yes -- COMMAND",
        }),
        (Errno::EPERM, Lesson {
            cause: "these cgroups belong to root: an ordinary user may only divide a cgroup that was delegated to them",
            cure: "on v2 with systemd: systemd-run --user --scope -p Delegate=yes -- COMMAND",
        }),
        (Errno::EROFS, READ_ONLY),
        (Errno::EAGAIN, Lesson {
            cause: "a cgroup above allows no more cgroups below it (cgroup.max.descendants, cgroup.max.depth)",
            cure: "remove cgroups that are not in use, or choose another --cgroup-parent",
        }),
    ]);

/// A limit.
pub static SET_LIMIT: Why = Why::new("a limit is a write into one of the cgroup's files", CGROUPS)
    .as_shell(echo)
    .teaching(&[
        (Errno::EINVAL, Lesson {
            cause: "the kernel doesn't take this number here: it is out of range, or a cgroup above has a lower limit",
            cure: "read the same file in the cgroups above",
        }),
        (Errno::EBUSY, Lesson {
            cause: "the container uses more than that already, and the kernel could not take it back",
            cure: "free memory in the container first, or choose a higher limit",
        }),
        (Errno::EPERM, Lesson {
            cause: "the cgroup above doesn't have that device itself (devices.list there)",
            cure: "leave the rule out, or choose a --cgroup-parent that has the device",
        }),
        (Errno::ENODEV, Lesson {
            cause: "there is no such block device, or it is a partition: only whole disks can be limited",
            cure: "see lsblk, and name the disk",
        }),
        (Errno::EACCES, Lesson {
            cause: "the file belongs to somebody else: the cgroup was not delegated to you, or the list reaches beyond the cgroup above",
            cure: "systemd-run --user --scope -p Delegate=yes -- COMMAND; or read the same file in the cgroup above",
        }),
    ]);

/// Before a lower limit on memory.
pub static RECLAIM: Why = Why::new("frees memory before the limit is lowered", MEMORY).as_shell(echo);

/// Controllers for the children.
pub static ENABLE: Why =
    Why::new("on v2, a cgroup enables its children's controllers", VERSIONS).as_shell(echo).teaching(&[
        (Errno::EROFS, READ_ONLY),
        (
            Errno::EACCES,
            Lesson {
                cause: "the cgroup belongs to somebody else",
                cure: "on v2 with systemd: systemd-run --user --scope -p Delegate=yes -- COMMAND; or name a parent of yours",
            },
        ),
        (
            Errno::EBUSY,
            Lesson {
                cause: "the cgroup has processes: on v2 those are only in leaves (the no-internal-processes rule)",
                cure: "move them into a child first, or choose another --cgroup-parent",
            },
        ),
        (
            Errno::ENOENT,
            Lesson {
                cause: "the cgroup doesn't have that controller itself: its parent must give it first",
                cure: "see cgroup.subtree_control in the cgroups above; where they are systemd's, Delegate=cpu cpuset io memory pids \
                       in /etc/systemd/system/user@.service.d/delegate.conf",
            },
        ),
    ]);

/// Out of the way.
pub static MAKE_ROOM: Why =
    Why::new("processes only in leaves: those that are here move down", VERSIONS).as_shell(echo).teaching(&[(
        Errno::EOPNOTSUPP,
        Lesson {
            cause: "the cgroup is a threaded one (cgroup.type): it had processes when it gave its children cpu or pids",
            cure: "start from another cgroup; and let whoever made this one remove it",
        },
    )]);

/// Processors and memory nodes of a new v1 cgroup.
pub static INHERIT_CPUSET: Why = Why::new("empty in a new v1 cgroup, and then no process can join", CPU).as_shell(echo);

/// The child joins.
pub static JOIN: Why = Why::new("this process joins: 0 means the writing process", CGROUPS).as_shell(echo).teaching(&[
    (
        Errno::ENOSPC,
        Lesson {
            cause: "the cgroup has no processors or no memory nodes (cpuset)",
            cure: "write both lists before anything joins",
        },
    ),
    (
        Errno::EBUSY,
        Lesson {
            cause: "on v2 a cgroup that gives controllers to its children takes no processes",
            cure: "join a child of it",
        },
    ),
    (
        Errno::EACCES,
        Lesson { cause: "the cgroup belongs to another user", cure: "enter the container as whoever made it" },
    ),
    (
        Errno::EINVAL,
        Lesson {
            cause: "a real-time process can't join a cpu cgroup without real-time budget (cpu.rt_runtime_us)",
            cure: "start as an ordinary process: chrt --other 0 COMMAND",
        },
    ),
]);

/// The score.
pub static SET_OOM_SCORE: Why =
    Why::new("which process the kernel kills first without memory", MEMORY).as_shell(echo).teaching(&[(
        Errno::EACCES,
        Lesson {
            cause: "to be killed later than before takes CAP_SYS_RESOURCE over the machine",
            cure: "an ordinary user may only raise --oom-score-adj",
        },
    )]);

/// The BPF program.
pub static LOAD_DEVICE_RULES: Why =
    Why::new("v2 has no files for devices: a program decides", DEVICES).teaching(&[(Errno::EPERM, BPF)]);

/// Where it is asked.
pub static ATTACH_DEVICE_RULES: Why =
    Why::new("from now on the kernel runs it for this cgroup", DEVICES).teaching(&[(Errno::EPERM, BPF)]);

const BPF: Lesson = Lesson {
    cause: "programs for the kernel take root's powers (CAP_BPF) over the machine",
    cure: "leave --device-cgroup-rule out: an ordinary user's container can make no devices anyway",
};

/// Freezing and thawing.
pub static FREEZE: Why = Why::new("every process of the cgroup is halted", FREEZING).as_shell(echo);
/// The other way.
pub static THAW: Why = Why::new("every process of the cgroup goes on", FREEZING).as_shell(echo);

/// A view of the cgroups from inside.
pub static VIEW_CGROUPS: Why = Why::new("the container's own cgroup, to be read inside", VIEW);

fn echo(args: &[String]) -> Option<String> {
    Some(format!("echo {} >{}", args.get(1)?, args.first()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_fit_the_narration() {
        for why in [
            &MAKE_CGROUP,
            &SET_LIMIT,
            &RECLAIM,
            &ENABLE,
            &MAKE_ROOM,
            &INHERIT_CPUSET,
            &JOIN,
            &SET_OOM_SCORE,
            &FREEZE,
            &THAW,
        ] {
            assert!(why.what_for.len() <= 60, "{}", why.what_for);
        }
    }

    #[test]
    fn a_limit_is_told_as_echo() {
        let args = ["/x/pids.max".to_string(), "\"20\"".to_string()];
        assert_eq!(SET_LIMIT.shell(&args).unwrap(), "echo \"20\" >/x/pids.max");
    }
}
