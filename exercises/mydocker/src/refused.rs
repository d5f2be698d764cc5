//! When the kernel says no: is it this machine's doing, and what helps?

use std::fs;

use doctor::Verdict;
use nix::errno::Errno;

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
