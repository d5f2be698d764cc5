//! The short answer.

use std::fmt;

use nix::errno::Errno;

use crate::step::{Check, Outcome, Step};

/// Whether containers can be made, and if not, which of the two ways of refusing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Ready,
    /// There is not even a process in new namespaces.
    RefusedAtClone {
        errno: Errno,
    },
    /// The process was made, and then may do nothing with its namespaces.
    RefusedLater {
        step: Step,
        errno: Errno,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Ready => write!(f, "this machine lets you make containers"),
            Verdict::RefusedAtClone { errno } => {
                write!(f, "this machine refuses new namespaces ({errno:?})")
            }
            Verdict::RefusedLater { step, errno } => {
                write!(f, "this machine makes namespaces and then refuses to use them\n({step}: {errno:?})")
            }
        }
    }
}

/// The verdict on a row of checks.
pub fn verdict(checks: &[Check]) -> Verdict {
    for check in checks {
        match (check.step, check.outcome) {
            (_, Outcome::Works) => {}
            (Step::Clone, Outcome::Refused { errno }) => return Verdict::RefusedAtClone { errno },
            (step, Outcome::Refused { errno }) => return Verdict::RefusedLater { step, errno },
            // The child was killed before it could say what happened.
            (Step::Clone, Outcome::NotReached) => return Verdict::RefusedAtClone { errno: Errno::UnknownErrno },
            (step, Outcome::NotReached) => return Verdict::RefusedLater { step, errno: Errno::UnknownErrno },
        }
    }
    Verdict::Ready
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::checks;

    fn verdict_of(answers: &[i32]) -> Verdict {
        verdict(&checks(&Step::WITH_USER_NAMESPACE, answers))
    }

    #[test]
    fn all_steps_working_is_ready() {
        assert_eq!(verdict_of(&[0; 7]), Verdict::Ready);
    }

    #[test]
    fn a_refused_clone_is_told_from_a_later_refusal() {
        assert_eq!(verdict_of(&[libc::ENOSPC]), Verdict::RefusedAtClone { errno: Errno::ENOSPC });
        assert_eq!(verdict_of(&[0, 0, libc::EPERM]), Verdict::RefusedLater { step: Step::UidMap, errno: Errno::EPERM });
    }

    #[test]
    fn a_child_that_was_killed_is_no_success() {
        let killed = Verdict::RefusedLater { step: Step::Proc, errno: Errno::UnknownErrno };
        assert_eq!(verdict_of(&[0; 6]), killed);
        assert_eq!(verdict_of(&[]), Verdict::RefusedAtClone { errno: Errno::UnknownErrno });
    }
}
