use anyhow::{Context, Result, anyhow};
use exercise::Exercise;
use serde::{Deserialize, Serialize};

use crate::{Blocked, Judgement, Outcome};

/// What a program of checks says of one answer, on its way to the workbook.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// A [`Judgement`]. Of the mistake its id: what it means is told by the exercise, on both sides.
    Judged { claims: Vec<Claim>, mistake: Option<String>, printed: String },
    /// [`Blocked`]: why.
    Blocked(String),
    /// Another error: what, outermost first.
    Failed(String),
}

/// An [`Outcome`].
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub claim: String,
    pub difference: Option<(String, String)>,
}

impl Said {
    pub fn of(result: Result<Judgement>) -> Said {
        match result {
            Ok(Judgement { outcomes, mistake, printed }) => {
                let claim = |Outcome { claim, difference }| Claim { claim: String::from(claim), difference };
                let claims = outcomes.into_iter().map(claim).collect();
                Said::Judged { claims, mistake: mistake.map(|mistake| mistake.id.into()), printed }
            }
            Err(error) => match error.downcast_ref::<Blocked>() {
                Some(Blocked(why)) => Said::Blocked(why.clone()),
                None => Said::Failed(format!("{error:#}")),
            },
        }
    }

    /// What it was made of, if that was about `exercise`.
    ///
    /// # Errors
    /// The one that was said, or that such a thing can't be said of `exercise`.
    pub fn result(self, exercise: &Exercise) -> Result<Judgement> {
        match self {
            Said::Judged { claims, mistake, printed } => {
                // A judge's claims are a handful of sentences, and the workbook soon ends: they may stay in memory.
                let outcome = |Claim { claim, difference }| Outcome { claim: claim.leak(), difference };
                let outcomes = claims.into_iter().map(outcome).collect();
                let known = |id| exercise.mistakes.iter().find(|mistake| mistake.id == id).context(id);
                let mistake = mistake.map(known).transpose().context("the exercise has no such mistake")?;
                Ok(Judgement { outcomes, mistake, printed })
            }
            Said::Blocked(why) => Err(Blocked(why).into()),
            Said::Failed(what) => Err(anyhow!(what)),
        }
    }
}

#[cfg(test)]
mod tests {
    use exercise::{Kind, Mistake};

    use super::*;

    const EXERCISE: Exercise = Exercise {
        id: "9.1",
        name: "x",
        title: "",
        kind: Kind::Build,
        chapter: "09-x",
        page: "",
        shown_by: "",
        hints: &[],
        mistakes: &[Mistake { id: "forgot-it", what: "", why: "" }, Mistake { id: "too-early", what: "", why: "" }],
    };

    /// As it arrives.
    fn sent(result: Result<Judgement>) -> Result<Judgement> {
        let text = serde_json::to_string(&Said::of(result))?;
        serde_json::from_str::<Said>(&text)?.result(&EXERCISE)
    }

    #[test]
    fn a_judgement_arrives_as_it_was() {
        let outcomes = vec![Outcome::of("a", true, "x", "x"), Outcome::of("b", false, "x", "y\n\u{1b}")];
        for mistake in [None, Some(&EXERCISE.mistakes[1])] {
            let judgement = Judgement { outcomes: outcomes.clone(), mistake, printed: "ü\0".into() };
            let arrived = sent(Ok(judgement)).expect("it was judged");
            assert_eq!((&arrived.outcomes, arrived.printed.as_str()), (&outcomes, "ü\0"));
            assert_eq!(arrived.mistake.map(|mistake| mistake.id), mistake.map(|mistake| mistake.id));
        }
    }

    #[test]
    fn what_is_blocked_stays_so_and_other_errors_keep_all_they_say() {
        let blocked = sent(Err(Blocked("no namespaces".into()).into())).expect_err("it was blocked");
        assert_eq!(blocked.downcast_ref::<Blocked>().map(|blocked| blocked.0.as_str()), Some("no namespaces"));
        // Wherever in the chain it stands.
        let wrapped = anyhow::Error::from(Blocked("no namespaces".into())).context("while looking");
        assert!(sent(Err(wrapped)).expect_err("it was blocked").is::<Blocked>());
        let failed = sent(Err(anyhow!("inner").context("outer"))).expect_err("it failed");
        assert!(!failed.is::<Blocked>() && failed.to_string() == "outer: inner");
    }

    #[test]
    fn a_mistake_of_another_exercise_is_an_error() {
        let said = Said::Judged { claims: Vec::new(), mistake: Some("unknown".into()), printed: String::new() };
        assert!(format!("{:#}", said.result(&EXERCISE).expect_err("it is unknown")).contains("unknown"));
    }
}
