//! Builds an answer, runs its checks in the lab, and says what came of it.

use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use anyhow::Result;
use exercise::Exercise;
use judgement::{Blocked, Judgement};

use crate::checkout::Checkout;
use crate::checks::{self, Checks};
use crate::compile::{Compiled, compile};
use crate::sources::Foreign;

#[derive(Debug)]
pub enum Examined {
    /// The checks ran.
    Judged { judgement: Judgement, warnings: String },
    /// The compiler's own words.
    DoesNotCompile(String),
    /// It includes what isn't the learner's; why that is no answer.
    NotOneFile(String),
    /// Nothing could be said about the answer; why.
    Blocked(String),
}

impl Examined {
    pub fn passed(&self) -> bool {
        matches!(self, Examined::Judged { judgement, .. } if judgement.passed())
    }
}

/// `answer` is a file that stands for the exercise's: the learner's, or a solution, or a wrong one.
pub fn examine(checkout: &Checkout, exercise: &Exercise, answer: &Path, colour: bool) -> Result<Examined> {
    // At the same time: they share next to nothing, and the first answer of a chapter waits for both.
    let (compiled, checks) = thread::scope(|scope| {
        let checks = scope.spawn(|| checks::build(checkout, exercise));
        (compile(checkout, exercise, answer, colour), checks.join())
    });
    let (executable, warnings) = match compiled? {
        Compiled::Program { executable, warnings } => (executable, warnings),
        Compiled::Failed(why) => {
            return Ok(Examined::Blocked(format!("the exercise can't be built here:\n{}", why.trim())));
        }
        Compiled::Errors(errors) => return Ok(Examined::DoesNotCompile(errors)),
        Compiled::Foreign(foreign) => return Ok(Examined::NotOneFile(why_not(&foreign, checkout))),
    };
    let checks = match checks.unwrap_or_else(|panic| resume_unwind(panic))? {
        Checks::Program(checks) => checks,
        Checks::Failed(why) => {
            return Ok(Examined::Blocked(format!("the checks can't be built here:\n{}", why.trim())));
        }
    };
    Ok(match checks::judge(&checks, exercise, executable.path()) {
        Ok(judgement) => Examined::Judged { judgement, warnings },
        Err(error) => match error.downcast_ref::<Blocked>() {
            Some(blocked) => Examined::Blocked(blocked.to_string()),
            None => Examined::Blocked(format!("the checker itself failed: {error:#}")),
        },
    })
}

fn why_not(foreign: &Foreign, checkout: &Checkout) -> String {
    let short = |file: &Path| file.strip_prefix(checkout.top()).unwrap_or(file).display().to_string();
    match foreign {
        Foreign::Solution(file) => format!("your answer includes the solution's file, {}", short(file)),
        Foreign::Other(file) => {
            format!("an answer is one file, so that a copy of it is the whole of it; yours includes {}", short(file))
        }
    }
}
