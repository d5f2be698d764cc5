//! Errors that teach, and that survive the way from the child to the host.

use std::fmt;

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use crate::steps::Why;

/// Exit statuses with Docker's meaning.
pub mod exit {
    /// The runtime itself failed.
    pub const OURS: u8 = 125;
    /// The command exists but can't be executed.
    pub const NOT_EXECUTABLE: u8 = 126;
    /// The command isn't there.
    pub const NOT_FOUND: u8 = 127;
}

/// A call that the kernel refused.
#[derive(Debug)]
pub struct CallFailed {
    /// The call with its arguments.
    pub call: String,
    /// What the kernel answered.
    pub errno: Errno,
    /// What it was for.
    pub why: &'static Why,
}

impl fmt::Display for CallFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?} ({})", self.call, self.errno, self.errno.desc())?;
        if let Some(lesson) = self.why.lesson(self.errno) {
            write!(f, "\ncause: {}\ncure: {}", lesson.cause, lesson.cure)?;
        }
        Ok(())
    }
}

impl std::error::Error for CallFailed {}

/// An error with the exit status that it leads to. It is what crosses the link when the child
/// fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The exit status, see [`exit`].
    pub exit_code: u8,
    /// The error number at the bottom of it, if the kernel gave one.
    pub errno: Option<i32>,
    /// What happened, outermost first: the step, then the call.
    pub chain: Vec<String>,
}

impl Failure {
    /// A failure with an exit status of its own.
    pub fn new(exit_code: u8, message: impl Into<String>) -> Failure {
        Failure { exit_code, errno: None, chain: vec![message.into()] }
    }

    /// What is to be sent or shown of any error, with the contexts that were laid around it on the way.
    pub fn from_error(error: &anyhow::Error) -> Failure {
        let mut chain = Vec::new();
        for part in error.chain() {
            if let Some(inner) = part.downcast_ref::<Failure>() {
                chain.extend(inner.chain.iter().cloned());
                return Failure { chain, ..inner.clone() };
            }
            chain.push(part.to_string());
        }
        let errno = error.downcast_ref::<CallFailed>().map(|failed| failed.errno as i32);
        Failure { exit_code: exit::OURS, errno, chain }
    }

    /// The error number at the bottom of it.
    pub fn errno(&self) -> Option<Errno> {
        self.errno.map(Errno::from_raw)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.chain.iter().flat_map(|part| part.lines());
        f.write_str(lines.next().unwrap_or("it failed"))?;
        lines.try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps;
    use anyhow::Context;

    #[test]
    fn a_failure_tells_step_call_errno_cause_and_cure() {
        let error = anyhow::Error::from(CallFailed {
            call: "sethostname(\"x…\")".into(),
            errno: Errno::EINVAL,
            why: &steps::SET_HOSTNAME,
        })
        .context("cannot set the host name");
        let failure = Failure::from_error(&error);
        assert_eq!(failure.errno(), Some(Errno::EINVAL));
        let text = failure.to_string();
        for part in ["cannot set the host name\n", "sethostname", "EINVAL", "cause: ", "cure: "] {
            assert!(text.contains(part), "{part:?} is missing in\n{text}");
        }
    }

    #[test]
    fn an_exit_status_set_below_survives_contexts_above() {
        let error = Err::<(), _>(Failure::new(exit::NOT_FOUND, "no such command")).context("above").unwrap_err();
        let failure = Failure::from_error(&error);
        assert_eq!(failure.exit_code, exit::NOT_FOUND);
        assert_eq!(failure.chain, ["above", "no such command"]);
    }
}
