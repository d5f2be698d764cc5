//! What to say when the lab can't be entered: the step, the errno, and doctor's cause and cures.

use std::fmt;

use anyhow::Error;
use doctor::{Machine, Step, Verdict};
use nix::errno::Errno;

/// Context of an error: the call that failed, and which of doctor's steps it is.
#[derive(Debug)]
pub(crate) struct At {
    pub step: Step,
    pub call: String,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.call)
    }
}

/// The step that failed and the kernel's answer, if the error knows them.
pub(crate) fn step_and_errno(error: &Error) -> Option<(Step, Errno)> {
    let step = error.downcast_ref::<At>()?.step;
    Some((step, doctor::errno_in(error)?))
}

/// The whole message.
pub(crate) fn explain(error: &Error) -> String {
    let advice = step_and_errno(error).map(|(step, errno)| match step {
        // Nothing has happened to this process yet, so that doctor can try for itself.
        Step::Clone => match doctor::examine() {
            report if report.verdict() != Verdict::Ready => report.advice(),
            report => doctor::advice(&Verdict::RefusedAtClone { errno }, &report.machine),
        },
        // This process sits in half a lab already, where doctor's attempt would meet other refusals.
        step => doctor::advice(&Verdict::RefusedLater { step, errno }, &Machine::read()),
    });
    let advice = advice.map(|advice| format!("\n{advice}")).unwrap_or_default();
    format!("lab: the lab can't be entered:\n  {error:#}{advice}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    fn failed_at(step: Step) -> At {
        At { step, call: "call".to_string() }
    }

    #[test]
    fn the_step_and_the_errno_are_found_below_other_contexts() {
        let error = Err::<(), _>(Errno::EPERM).context(failed_at(Step::Hostname)).context("outer").unwrap_err();
        assert_eq!(step_and_errno(&error), Some((Step::Hostname, Errno::EPERM)));
    }

    #[test]
    fn a_later_refusal_is_explained_without_trying_again() {
        let error = Err::<(), _>(Errno::EIO).context(failed_at(Step::Hostname)).unwrap_err();
        let text = explain(&error);
        assert!(text.starts_with("lab: the lab can't be entered:\n  call: EIO"), "{text}");
        assert!(text.contains("\nCause: "), "{text}");
    }
}
