//! A run of an exercise's program, and the claims that are about every one.

use anyhow::Result;
use judgement::Outcome;
use lab::observe;
use nix::errno::Errno;

use crate::{Reply, Running};

/// A run of the program, whatever is looked at.
#[derive(Debug, Clone)]
pub struct Run {
    pub reply: Reply,
    /// Whether the program still ran when we looked; if not, nothing else that was seen is true.
    pub alive: bool,
    pub printed: String,
}

impl Run {
    pub fn end(running: Running, reply: Reply) -> Run {
        let alive = observe::process_exists(running.main());
        Run { reply, alive, printed: running.end() }
    }

    /// Of a program that has ended, or doesn't come back, the next run would show no more; and the
    /// learner waits.
    pub fn is_hopeless(&self) -> bool {
        !self.alive || matches!(self.reply, Reply::Silence(_))
    }

    /// It is an error, as the kernel words it for a file that isn't there: whoever writes to one
    /// would have to make it.
    pub fn missed_a_file(&self) -> bool {
        self.alive && [Errno::EACCES, Errno::ENOENT].into_iter().any(|errno| self.reply.has_errno(errno))
    }

    /// The function returned Ok, and something is so.
    pub fn outcome(&self, claim: &'static str, holds: bool, expected: &str, observed: String) -> Outcome {
        let well = self.alive && self.reply == Reply::Ok;
        Outcome::new(claim, well && holds, expected, if well { observed } else { self.reply.in_words() })
    }

    /// The same, whatever the function returned.
    pub fn outcome_whatever(&self, claim: &'static str, holds: bool, expected: &str, observed: String) -> Outcome {
        let observed = if self.alive { observed } else { self.reply.in_words() };
        Outcome::new(claim, self.alive && holds, expected, observed)
    }

    /// The check that all exercises have: what can't be done is an error, with a word on what was
    /// being done. `is_this_one`: whether it is the run in which that was tried. Another one's
    /// error says nothing.
    pub fn refused(&self, claim: &'static str, is_this_one: bool, kept: Result<(), String>) -> Outcome {
        let told = matches!(self.reply, Reply::Error(_)) && !self.reply.is_bare_error();
        let holds = self.alive && told && kept.is_ok();
        if holds && !is_this_one {
            return Outcome::new(claim, false, "an error", "another one");
        }
        let observed = match kept {
            Err(changed) if self.alive => format!("{}; {changed}", self.reply.in_words()),
            _ => self.reply.in_words(),
        };
        Outcome::new(claim, holds, "an error with a context, and all is as it was", observed)
    }
}

/// One run for each case; after a hopeless one there are no more.
pub fn until_hopeless<C, S>(
    cases: impl IntoIterator<Item = C>,
    observe: impl Fn(C) -> Result<S>,
    run: impl Fn(&S) -> &Run,
) -> Result<Vec<S>> {
    let mut seen = Vec::new();
    for case in cases {
        seen.push(observe(case)?);
        if seen.last().is_some_and(|last| run(last).is_hopeless()) {
            break;
        }
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn run(reply: Reply, alive: bool) -> Run {
        Run { reply, alive, printed: String::new() }
    }

    #[test]
    fn an_error_without_words_or_with_consequences_is_not_enough() {
        let error = |words: &[&str]| Reply::Error(words.iter().map(ToString::to_string).collect());
        let judged = |reply, kept| run(reply, true).refused("c", true, kept).difference;
        assert_eq!(judged(error(&["mkdir", "EEXIST: x"]), Ok(())), None);
        assert!(judged(error(&["EEXIST: File exists"]), Ok(())).is_some());
        assert!(judged(Reply::Ok, Ok(())).is_some());
        let changed = judged(error(&["mkdir", "EEXIST: x"]), Err("one was made".into()));
        assert!(changed.is_some_and(|(_, saw)| saw.contains("one was made")));
        let another = run(error(&["mkdir", "EEXIST: x"]), true).refused("c", false, Ok(()));
        assert!(another.difference.is_some());
    }

    #[test]
    fn of_a_program_that_has_ended_nothing_holds() {
        assert!(run(Reply::Ok, false).outcome("c", true, "e", "o".into()).difference.is_some());
        assert_eq!(run(Reply::Ok, true).outcome("c", true, "e", "o".into()).difference, None);
    }
}
