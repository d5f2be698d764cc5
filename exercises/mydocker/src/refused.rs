//! When the kernel says no: is it this machine's doing, and what helps?

use std::io::ErrorKind;

use doctor::{CgroupLimits, Report, Verdict};
use nix::errno::Errno;

/// Why no cgroup could be made, if this user can't make any, and what helps.
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
            "no cgroup is delegated to you; systemd delegates one: systemd-run --user --scope -p Delegate=yes bash"
        }
    };
    let elsewhere = "in a machine of its own, as root there: cargo wb vm -- target/debug/mydocker run …";
    Some(format!("mydocker: {why}\n{elsewhere}"))
}

/// What the machine refuses, with cause and cure, if that may be what the error is about.
///
/// `report` was made before anything moved: where a process has a new user namespace and no map in
/// it, doctor meets other refusals.
pub fn reason(error: &anyhow::Error, report: &Report) -> Option<String> {
    let errno = doctor::errno_in(error)?;
    if !matches!(errno, Errno::EPERM | Errno::EACCES | Errno::ENOSPC | Errno::EUSERS | Errno::EINVAL) {
        return None;
    }
    let verdict = report.verdict();
    (verdict != Verdict::Ready).then(|| format!("mydocker: {verdict}\n{}", report.advice()))
}
