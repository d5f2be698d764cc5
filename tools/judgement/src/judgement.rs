use std::fmt;

use exercise::Mistake;

/// What the checks of an exercise say of an answer.
#[derive(Debug, Default)]
pub struct Judgement {
    /// One for each check, in the order of the exercise.
    pub outcomes: Vec<Outcome>,
    /// The mistake, where what was observed fits exactly one; a mistake that isn't known gets no
    /// guess.
    pub mistake: Option<&'static Mistake>,
    /// What the program printed, shortened; for the learner's eyes, no evidence.
    pub printed: String,
    /// What this machine has no way to show, and a pass here says nothing about; empty where that
    /// is nothing.
    pub unjudged: String,
}

impl Judgement {
    /// `printed`: what each run printed; the first that printed anything is shown.
    pub fn new<'a>(
        outcomes: Vec<Outcome>,
        mistake: Option<&'static Mistake>,
        printed: impl IntoIterator<Item = &'a String>,
    ) -> Judgement {
        let printed = printed.into_iter().find(|printed| !printed.is_empty()).cloned().unwrap_or_default();
        Judgement { outcomes, mistake, printed, unjudged: String::new() }
    }

    /// Says what this machine can't show.
    pub fn without(self, unjudged: String) -> Judgement {
        Judgement { unjudged, ..self }
    }

    pub fn passed(&self) -> bool {
        !self.outcomes.is_empty() && self.failing() == 0
    }

    /// What the failing checks claim.
    pub fn failing_claims(&self) -> Vec<&'static str> {
        let failing = self.outcomes.iter().filter(|outcome| outcome.difference.is_some());
        failing.map(|outcome| outcome.claim).collect()
    }

    /// How many checks fail.
    pub fn failing(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.difference.is_some()).count()
    }
}

/// One check: what it claims of the answer, and if that isn't so, the difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// A sentence that is true of a right answer.
    pub claim: &'static str,
    /// What was expected and what was observed, where they differ.
    pub difference: Option<(String, String)>,
}

impl Outcome {
    /// Passed if `holds`; else the difference is what `expected` and `observed` say.
    pub fn new(claim: &'static str, holds: bool, expected: impl fmt::Display, observed: impl fmt::Display) -> Outcome {
        let difference = (!holds).then(|| (expected.to_string(), observed.to_string()));
        Outcome { claim, difference }
    }

    /// The outcome of the first run in which `check` fails, or of the last one.
    ///
    /// # Panics
    /// Without any run: there would be nothing to say.
    pub fn first_failing<S>(runs: &[S], check: impl Fn(&S) -> Outcome) -> Outcome {
        let mut outcomes: Vec<Outcome> = runs.iter().map(check).collect();
        let failed = outcomes.iter().position(|outcome| outcome.difference.is_some());
        outcomes.swap_remove(failed.unwrap_or(outcomes.len() - 1))
    }
}

/// The error of a check that could not be made here: the machine's refusal, not the answer's fault.
#[derive(Debug)]
pub struct Blocked(pub String);

impl fmt::Display for Blocked {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Blocked {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_check_at_all_is_no_pass() {
        assert!(!Judgement::default().passed());
    }

    #[test]
    fn of_several_runs_the_first_that_fails_counts() {
        let of = |runs: &[i32]| Outcome::first_failing(runs, |run| Outcome::new("even", run % 2 == 0, "even", run));
        assert_eq!(of(&[2, 3, 5, 4]).difference, Some(("even".into(), "3".into())));
        assert_eq!(of(&[2, 4]).difference, None);
    }

    #[test]
    fn one_failing_check_is_enough() {
        let outcomes = vec![Outcome::new("a", true, "x", "x"), Outcome::new("b", false, "x", "y")];
        let judgement = Judgement { outcomes, ..Judgement::default() };
        assert!(!judgement.passed());
        assert_eq!(judgement.failing(), 1);
        assert_eq!(judgement.outcomes[1].difference, Some(("x".into(), "y".into())));
    }
}
