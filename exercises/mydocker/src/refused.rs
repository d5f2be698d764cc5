//! When the kernel says no: is it this machine's doing, and what helps?

use std::fs;
use std::io::ErrorKind;

use doctor::{CgroupLimits, Verdict};
use nix::errno::Errno;

/// Why no group could be made, if this user can't make any, and what helps.
pub fn no_groups(error: &anyhow::Error) -> Option<String> {
    let kind = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>())?.kind();
    let refused = [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem, ErrorKind::NotFound].contains(&kind);
    if !refused || !format!("{error:#}").contains("/sys/fs/cgroup") {
        return None;
    }
    let why = match doctor::examine().machine.limits {
        CgroupLimits::Possible => return None,
        CgroupLimits::OnlyRoot => "only the machine's root has control groups here: it is cgroup v1",
        CgroupLimits::NoTree => "no control groups are mounted here",
        CgroupLimits::NotHandedOver => {
            "no control group was handed over to you; systemd does that: systemd-run --user --scope -p Delegate=yes bash"
        }
    };
    let elsewhere = "in a machine of its own, as root there: cargo wb vm -- target/debug/mydocker run …";
    Some(format!("mydocker: {why}\n{elsewhere}"))
}

/// What the machine refuses, with cause and cure, if that may be what the error is about.
///
/// Doctor tries it for itself, which tells something only in a process that has moved nowhere yet: its user namespace is its
/// parent's.
pub fn reason(error: &anyhow::Error) -> Option<String> {
    let errno = error.chain().find_map(|cause| cause.downcast_ref::<Errno>())?;
    if !matches!(errno, Errno::EPERM | Errno::EACCES | Errno::ENOSPC | Errno::EUSERS | Errno::EINVAL) || has_moved() {
        return None;
    }
    let report = doctor::examine();
    let verdict = report.verdict();
    (verdict != Verdict::Ready).then(|| format!("mydocker: {verdict}\n{}", report.advice()))
}

fn has_moved() -> bool {
    let user_namespace = |process: &str| fs::read_link(format!("/proc/{process}/ns/user")).ok();
    let parent = std::os::unix::process::parent_id().to_string();
    user_namespace("self") != user_namespace(&parent)
}
