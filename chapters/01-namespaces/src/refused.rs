//! When the kernel says no: is it this machine's doing, and what would change that?

use doctor::Verdict;
use nix::errno::Errno;

use crate::failure::Failure;

/// What the machine refuses, and the cure, if that is what this errno was about. `None` when the
/// machine allows containers, so that the error must have another reason.
///
/// The machine is asked by trying, since no setting tells it all: a refusal may come at the clone,
/// or later, when the clone has succeeded and the first id map, host name or mount is refused
/// (Ubuntu 24.04's AppArmor rule).
fn reason(errno: Errno, with_user_namespace: bool) -> Option<String> {
    if !matches!(errno, Errno::EPERM | Errno::EACCES | Errno::ENOSPC | Errno::EUSERS) {
        return None;
    }
    let report = doctor::examine();
    let verdict = if with_user_namespace { report.verdict_with_user_namespace() } else { report.verdict() };
    (verdict != Verdict::Ready).then(|| format!("{verdict}\n{}", doctor::advice(&verdict, &report.machine)))
}

/// Where the kernel refused what it grants on most machines, the machine is asked for the reason.
pub(crate) fn explained(error: anyhow::Error, with_user: bool) -> anyhow::Error {
    let mut failure = Failure::from_error(&error);
    match failure.errno().and_then(|errno| reason(errno, with_user)) {
        Some(reason) => {
            // The machine's own answer takes the place of the guess.
            for part in &mut failure.chain {
                let known = part.lines().take_while(|line| !line.starts_with("cause: "));
                *part = known.collect::<Vec<_>>().join("\n");
            }
            failure.chain.push(reason);
            failure.into()
        }
        None => error,
    }
}
