//! How an exercise can be checked on this machine: found out by trying, since "next" must be
//! something that a learner can do.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use doctor::{CgroupLimits, Report, Verdict};
use exercise::Exercise;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `cargo wb check`.
    Here,
    /// The same, in a scope of systemd's that is delegated to this user.
    InScope,
    /// `cargo wb check --vm`.
    InVm,
    /// None that works as the machine is.
    Nowhere,
}

/// The session's systemd answers at once, or isn't there.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether the process is in a cgroup that this user may divide, and in which memory can be
/// counted.
const IS_DELEGATED: &str = r#"d=/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)
test -w "$d/cgroup.procs" && grep -qw memory "$d/cgroup.controllers""#;

/// What the throwaway machine can't be without; `cargo wb vm` names all of it.
const VM: [&str; 2] = ["qemu-system-x86_64", "modprobe"];

impl Way {
    /// What to type to check an exercise.
    pub fn command(self, id: &str) -> String {
        match self {
            Way::Here | Way::Nowhere => format!("cargo wb check {id}"),
            Way::InScope => format!("systemd-run --user --scope -p Delegate=yes cargo wb check {id}"),
            Way::InVm => format!("cargo wb check --vm {id}"),
        }
    }
}

/// Found out once.
pub fn to(exercise: &Exercise) -> Way {
    static REPORT: OnceLock<Report> = OnceLock::new();
    static IN_SCOPE: OnceLock<bool> = OnceLock::new();
    let report = REPORT.get_or_init(doctor::examine);
    let in_scope = || *IN_SCOPE.get_or_init(scope_is_delegated);
    choose(exercise, report.verdict() == Verdict::Ready, report.machine.limits, in_scope, || VM.iter().all(is_there))
}

fn choose(
    exercise: &Exercise,
    ready: bool,
    limits: CgroupLimits,
    in_scope: impl FnOnce() -> bool,
    in_vm: impl FnOnce() -> bool,
) -> Way {
    match limits {
        // Nothing can be done here at all: doctor says what helps, and the machine is one of the ways.
        _ if !ready => Way::InVm,
        _ if !exercise.needs_cgroups => Way::Here,
        CgroupLimits::Possible => Way::Here,
        CgroupLimits::NotHandedOver if in_scope() => Way::InScope,
        _ if in_vm() => Way::InVm,
        _ => Way::Nowhere,
    }
}

fn scope_is_delegated() -> bool {
    let mut command = Command::new("systemd-run");
    command.args(["--user", "--scope", "--quiet", "-p", "Delegate=yes", "sh", "-c", IS_DELEGATED]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        match child.try_wait() {
            Ok(None) => sleep(Duration::from_millis(10)),
            ended => return ended.is_ok_and(|status| status.is_some_and(|status| status.success())),
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}

fn is_there(program: &&str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain([Path::new("/usr/sbin").into(), Path::new("/sbin").into()]);
    directories.into_iter().any(|directory| directory.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exercises::find;

    #[test]
    fn the_first_way_that_works_is_chosen() {
        use CgroupLimits::*;
        let way = |name: &str, ready, limits, in_scope, in_vm| {
            let exercise = find(name).expect("it is one");
            choose(exercise, ready, limits, || in_scope, || in_vm)
        };
        assert_eq!(way("hostname", true, NoTree, false, false), Way::Here);
        assert_eq!(way("hostname", false, NoTree, false, false), Way::InVm);
        assert_eq!(way("memory", true, Possible, true, true), Way::Here);
        assert_eq!(way("memory", true, NotHandedOver, true, true), Way::InScope);
        assert_eq!(way("memory", true, OnlyRoot, true, true), Way::InVm);
        assert_eq!(way("memory", true, NotHandedOver, false, false), Way::Nowhere);
    }

    #[test]
    fn each_way_has_its_command() {
        assert_eq!(Way::InVm.command("3.4"), "cargo wb check --vm 3.4");
        assert!(
            Way::InScope.command("3.4").starts_with("systemd-run --user --scope -p Delegate=yes cargo wb check 3.4")
        );
    }
}
