//! Exercises whose answer is a function of its arguments: the checker picks the arguments, so that
//! no answer can know them beforehand, and compares what the function makes of them.

use anyhow::Result;
use exercise::Mistake;
use judgement::{Judgement, Outcome};
use lab::Lab;

use crate::conversation::{Reply, Value};
use crate::program::Program;

/// One call of the function.
#[derive(Debug, Clone)]
pub struct Case {
    claim: &'static str,
    /// As it is given to the program, which makes the function's arguments from it.
    input: String,
    /// As it is shown to the learner.
    shown: String,
    expected: Expected,
    /// What known mistakes make of this input.
    slips: Vec<(&'static Mistake, Slip)>,
}

#[derive(Debug, Clone)]
enum Expected {
    Is(String),
    /// An error with a context.
    Refused,
}

/// What the function makes of an input by mistake.
#[derive(Debug, Clone)]
pub enum Slip {
    Returns(String),
    /// Anything, as long as it is no error.
    Accepts,
    Refuses,
    Panics,
    /// An error without a context.
    Bare,
}

impl Case {
    pub fn expects(claim: &'static str, input: impl Into<String>, expected: impl Into<String>) -> Case {
        Case::new(claim, input.into(), Expected::Is(expected.into()))
    }

    pub fn refused(claim: &'static str, input: impl Into<String>) -> Case {
        Case::new(claim, input.into(), Expected::Refused)
    }

    fn new(claim: &'static str, input: String, expected: Expected) -> Case {
        let shown = input.replace(SEPARATOR, " | ");
        Case { claim, input, shown, expected, slips: Vec::new() }
    }

    /// An input that isn't for people's eyes.
    pub fn displayed_as(self, shown: impl Into<String>) -> Case {
        Case { shown: shown.into(), ..self }
    }

    /// `mistake` makes this of the input.
    pub fn slip(mut self, mistake: &'static Mistake, slip: Slip) -> Case {
        self.slips.push((mistake, slip));
        self
    }

    /// `mistake` returns this.
    pub fn or(self, mistake: &'static Mistake, returns: impl Into<String>) -> Case {
        self.slip(mistake, Slip::Returns(returns.into()))
    }

    fn holds(&self, value: &Value) -> bool {
        match (&self.expected, value) {
            (Expected::Is(expected), Value::Ok(text)) => expected == text,
            (Expected::Refused, Value::Error(chain)) => !Reply::Error(chain.clone()).is_bare_error(),
            _ => false,
        }
    }

    fn is_explained_by(&self, mistake: &Mistake, value: &Value) -> bool {
        let fits = |slip: &Slip| match (slip, value) {
            (Slip::Returns(text), Value::Ok(got)) => text == got,
            (Slip::Accepts, Value::Ok(_)) | (Slip::Refuses, Value::Error(_)) | (Slip::Panics, Value::Panicked) => true,
            (Slip::Bare, Value::Error(chain)) => Reply::Error(chain.clone()).is_bare_error(),
            _ => false,
        };
        self.slips.iter().any(|(of, slip)| of.id == mistake.id && fits(slip))
    }

    fn outcome(&self, value: &Value) -> Outcome {
        let expected = match &self.expected {
            Expected::Is(text) => format!("{}: {text}", self.shown),
            Expected::Refused => format!("{}: an error with a context", self.shown),
        };
        Outcome::new(self.claim, self.holds(value), expected, value.in_words())
    }
}

/// Between the arguments of one call.
pub const SEPARATOR: char = '\u{1f}';

/// One call's arguments.
pub fn input(words: &[&str]) -> String {
    words.join(&SEPARATOR.to_string())
}

/// Runs the program with all inputs, and judges. A mistake is found if it explains every case that
/// fails.
pub fn judge(program: &Program, cases: &[Case], mistakes: &'static [Mistake]) -> Result<Judgement> {
    let inputs: Vec<&str> = cases.iter().map(|case| case.input.as_str()).collect();
    let mut running = program.start(Lab::new(), &inputs)?;
    let reply = running.go_on()?;
    let printed = running.end();
    Ok(compare(cases, &reply, mistakes, &printed))
}

fn compare(cases: &[Case], reply: &Reply, mistakes: &'static [Mistake], printed: &String) -> Judgement {
    let mut claims: Vec<&'static str> = Vec::new();
    cases.iter().for_each(|case| {
        if !claims.contains(&case.claim) {
            claims.push(case.claim)
        }
    });
    let values = match reply {
        Reply::Values(values) if values.len() == cases.len() => values,
        _ => {
            let failed = |claim| Outcome::new(claim, false, "an answer for each input", reply.in_words());
            return Judgement::new(claims.into_iter().map(failed).collect(), None, [printed]);
        }
    };
    let pairs: Vec<(&Case, &Value)> = cases.iter().zip(values).collect();
    let of_claim = |claim: &&'static str| {
        let of_it: Vec<(&Case, &Value)> = pairs.iter().copied().filter(|(case, _)| case.claim == *claim).collect();
        Outcome::first_failing(&of_it, |(case, value)| case.outcome(value))
    };
    let failing: Vec<&(&Case, &Value)> = pairs.iter().filter(|(case, value)| !case.holds(value)).collect();
    let explains = |mistake: &&Mistake| failing.iter().all(|(case, value)| case.is_explained_by(mistake, value));
    let mistake = if failing.is_empty() { None } else { mistakes.iter().find(explains) };
    Judgement::new(claims.iter().map(of_claim).collect(), mistake, [printed])
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISTAKES: &[Mistake] = &[Mistake::new("doubles", "what", "why"), Mistake::new("accepts", "what", "why")];

    fn cases() -> Vec<Case> {
        vec![
            Case::expects("one", "1", "1").or(&MISTAKES[0], "2"),
            Case::expects("one", "2", "2").or(&MISTAKES[0], "4"),
            Case::refused("two", "x").slip(&MISTAKES[1], Slip::Accepts),
        ]
    }

    fn judged(values: Vec<Value>) -> Judgement {
        compare(&cases(), &Reply::Values(values), MISTAKES, &String::new())
    }

    fn ok(text: &str) -> Value {
        Value::Ok(text.into())
    }

    #[test]
    fn a_mistake_has_to_explain_all_that_fails() {
        let error = || Value::Error(vec!["x is no number".into()]);
        let id = |judgement: Judgement| judgement.mistake.map(|mistake| mistake.id);
        assert!(judged(vec![ok("1"), ok("2"), error()]).passed());
        assert_eq!(id(judged(vec![ok("2"), ok("4"), error()])), Some("doubles"));
        assert_eq!(id(judged(vec![ok("2"), ok("5"), error()])), None);
        assert_eq!(id(judged(vec![ok("1"), ok("2"), ok("0")])), Some("accepts"));
        assert_eq!(id(judged(vec![ok("2"), ok("4"), ok("0")])), None);
    }

    #[test]
    fn a_program_that_ends_fails_every_claim() {
        let judgement = compare(&cases(), &Reply::Ended(0), MISTAKES, &String::new());
        assert_eq!((judgement.failing(), judgement.mistake), (2, None));
        assert_eq!(judged(vec![ok("1")]).failing(), 2, "a value is missing");
    }
}
