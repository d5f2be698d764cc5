//! From a refusal to its cause and its cure: pure, so that every machine's case is tested on any.

use std::fmt;

use nix::errno::Errno;

use crate::machine::Machine;
use crate::paragraph::paragraph;
use crate::step::Step;
use crate::verdict::Verdict;

/// Why, and what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    pub cause: String,
    /// Best first. Empty when nothing is wrong, or when nothing is known.
    pub cures: Vec<Cure>,
}

/// One way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cure {
    pub who: Who,
    /// To be typed as it stands.
    pub command: String,
    /// What it does, and what it loosens.
    pub what: String,
}

/// Who can apply a cure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Administrator,
    You,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(narrow(&format!("Cause: {}", self.cause)).trim_end())?;
        for cure in &self.cures {
            let who = match cure.who {
                Who::Administrator => "For an administrator",
                Who::You => "For you",
            };
            let told = narrow(&format!("{who}. {}", cure.what));
            write!(f, "\n{told}    {}", cure.command)?;
        }
        let otherwise = match self.cures.iter().any(|cure| cure.who == Who::Administrator) {
            true => "No administrator at hand? Go on",
            false => "Or go on",
        };
        write!(f, "\n{otherwise} in a throwaway machine, which asks nothing of this one:{ELSEWHERE}")
    }
}

/// What is built here runs there: nothing can be built in it.
const ELSEWHERE: &str = "
    cargo wb check --vm                           checks exercises
    cargo wb vm -- target/debug/ch01-namespaces   runs a program that is built
    cargo wb vm --shell                           is a shell: book/src/safe.md";

/// A paragraph that whoever shows it may still indent.
fn narrow(text: &str) -> String {
    const ROOM: &str = "    ";
    paragraph(text, ROOM).lines().map(|line| format!("{}\n", line.trim_start())).collect()
}

/// Cause and cures of a verdict on this machine.
pub fn advice(verdict: &Verdict, machine: &Machine) -> Advice {
    match *verdict {
        Verdict::Ready => Advice { cause: "nothing is refused".to_string(), cures: Vec::new() },
        Verdict::RefusedAtClone { errno } => at_clone(errno, machine),
        Verdict::RefusedLater { step, errno } => later(step, errno, machine),
    }
}

fn at_clone(errno: Errno, machine: &Machine) -> Advice {
    let limit = machine.max_user_namespaces;
    if limit == Some(0) {
        return Advice {
            cause: "user.max_user_namespaces is 0: nobody may make user namespaces".to_string(),
            cures: sysctl("user.max_user_namespaces", "15000", "Allows each user up to 15000 user namespaces"),
        };
    }
    if let (Errno::ENOSPC, [kind, ..]) = (errno, &machine.forbidden_kinds[..]) {
        let name = format!("user.max_{kind}_namespaces");
        return Advice {
            cause: format!("{name} is 0: nobody may make namespaces of this kind"),
            cures: sysctl(&name, "15000", "Allows each user up to 15000 of them"),
        };
    }
    if errno == Errno::ENOSPC {
        let limit = limit.map_or_else(|| "unknown".to_string(), |limit| limit.to_string());
        return Advice {
            cause: format!(
                "a limit on namespaces is reached: of this user here (user.max_user_namespaces is {limit}), in a user \
                 namespace around this one, or user namespaces are nested 32 deep"
            ),
            cures: vec![you(
                "lsns --type user",
                "Shows the user namespaces you hold; ending their processes frees them",
            )],
        };
    }
    if machine.unprivileged_userns_clone == Some(0) {
        return Advice {
            cause: "kernel.unprivileged_userns_clone is 0: only root may make user namespaces".to_string(),
            cures: sysctl("kernel.unprivileged_userns_clone", "1", "Lets ordinary users make user namespaces"),
        };
    }
    if machine.container.is_some() {
        return in_container("its seccomp filter refuses new namespaces", machine);
    }
    if restricted_by_apparmor(errno, machine) {
        return apparmor();
    }
    if machine.chroot {
        return Advice {
            cause: "this process runs in a chroot, where the kernel refuses user namespaces".to_string(),
            cures: vec![you("exit", "Leave the chroot and start again outside")],
        };
    }
    if matches!(errno, Errno::EINVAL) {
        return Advice {
            cause: "this kernel is built without user namespaces (CONFIG_USER_NS), or this one forbids them"
                .to_string(),
            cures: Vec::new(),
        };
    }
    if machine.seccomp_filter {
        return Advice {
            cause:
                "a seccomp filter, set by what started this process (an editor's sandbox, a service manager, a snap), \
                    refuses new namespaces"
                    .to_string(),
            cures: vec![you(
                "grep Seccomp: /proc/self/status",
                "The command below shows 2 here. Work in a terminal in which it shows 0, outside of an editor say. If all show 2, \
                 the filter is set for the whole machine",
            )],
        };
    }
    unknown(Step::Clone, errno)
}

fn later(step: Step, errno: Errno, machine: &Machine) -> Advice {
    let proc_refused = step == Step::Proc && errno == Errno::EPERM;
    if machine.container.is_some() {
        let why = if proc_refused {
            "parts of its /proc are covered, so that the kernel refuses a new one"
        } else {
            "its security profile refuses what a container needs"
        };
        return in_container(why, machine);
    }
    // Of the refusals under Ubuntu's rule the first is seen; where mounts were allowed, /proc is
    // another matter.
    if !proc_refused && restricted_by_apparmor(errno, machine) {
        return apparmor();
    }
    if proc_refused {
        return Advice {
            cause: "parts of /proc are covered by other mounts, so that the kernel refuses a new one".to_string(),
            cures: vec![you("findmnt --submounts /proc", "Shows what covers it; try where nothing does")],
        };
    }
    unknown(step, errno)
}

fn restricted_by_apparmor(errno: Errno, machine: &Machine) -> bool {
    matches!(errno, Errno::EPERM | Errno::EACCES)
        && machine.apparmor_restrict_unprivileged_userns.is_some_and(|restricted| restricted != 0)
}

fn apparmor() -> Advice {
    Advice {
        cause:
            "AppArmor (kernel.apparmor_restrict_unprivileged_userns) lets ordinary programs make user namespaces but \
                takes all powers in them, as Ubuntu does from 23.10 on"
                .to_string(),
        cures: sysctl(
            "kernel.apparmor_restrict_unprivileged_userns",
            "0",
            "Gives every user's programs full powers within user namespaces of their own, as on other distributions and \
             on Ubuntu before 23.10; more of the kernel can then be attacked by local users",
        ),
    }
}

fn in_container(why: &str, machine: &Machine) -> Advice {
    let name = machine.container.as_deref().unwrap_or("container");
    let (cause, options) = match name {
        "docker" => (
            "you are in a Docker container, and",
            "--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined",
        ),
        "podman" => (
            "you are in a Podman container, and",
            "--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt unmask=ALL",
        ),
        other => {
            return Advice { cause: format!("you are in a container ({other}), and {why}"), cures: Vec::new() };
        }
    };
    Advice {
        cause: format!("{cause} {why}"),
        cures: vec![you(
            &format!("{name} run {options} …"),
            "Outside, start the container with these options; it is then less closed off from the machine",
        )],
    }
}

/// The change for now, and the file that keeps it.
fn sysctl(name: &str, value: &str, what: &str) -> Vec<Cure> {
    vec![
        Cure {
            who: Who::Administrator,
            command: format!("sudo sysctl -w {name}={value}"),
            what: format!("{what} (until the next boot)."),
        },
        Cure {
            who: Who::Administrator,
            command: format!("echo '{name} = {value}' | sudo tee /etc/sysctl.d/60-coracle.conf"),
            what: "Keeps it after the next boot.".to_string(),
        },
    ]
}

fn you(command: &str, what: &str) -> Cure {
    Cure { who: Who::You, command: command.to_string(), what: format!("{what}.") }
}

/// No confident guess.
fn unknown(step: Step, errno: Errno) -> Advice {
    let observed = match errno {
        Errno::UnknownErrno => "the process was killed".to_string(),
        errno => errno.to_string(),
    };
    Advice {
        cause: format!("not known. Expected: {step} succeeds. Observed: {observed}"),
        cures: vec![you("sudo dmesg | tail", "The kernel's log may say who refused it")],
    }
}

#[cfg(test)]
mod tests;
