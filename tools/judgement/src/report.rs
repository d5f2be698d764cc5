use anyhow::{Context, Result, anyhow};
use exercise::Exercise;
use serde_json::{Value, from_value, json};

use crate::{Blocked, Judgement, Outcome};

/// What a program of checks says of one answer, on its way to the workbook.
#[derive(Debug, PartialEq, Eq)]
pub enum Report {
    /// A [`Judgement`]. Of the mistake its id: what it means is told by the exercise, on both
    /// sides.
    Judged { claims: Vec<Claim>, mistake: Option<String>, printed: String, unjudged: String },
    /// [`Blocked`]: why.
    Blocked(String),
    /// Another error: what, outermost first.
    Failed(String),
}

/// An [`Outcome`].
#[derive(Debug, PartialEq, Eq)]
pub struct Claim {
    pub claim: String,
    pub difference: Option<(String, String)>,
}

impl Report {
    pub fn new(result: Result<Judgement>) -> Report {
        match result {
            Ok(Judgement { outcomes, mistake, printed, unjudged }) => {
                let claim = |Outcome { claim, difference }| Claim { claim: String::from(claim), difference };
                let claims = outcomes.into_iter().map(claim).collect();
                Report::Judged { claims, mistake: mistake.map(|mistake| mistake.id.into()), printed, unjudged }
            }
            Err(error) => match error.downcast_ref::<Blocked>() {
                Some(Blocked(why)) => Report::Blocked(why.clone()),
                None => Report::Failed(format!("{error:#}")),
            },
        }
    }

    /// `{"judged": {"claims": [[CLAIM, [EXPECTED, OBSERVED] or null], …], "mistake": ID or null,
    /// "printed": TEXT, "unjudged": TEXT}}`, `{"blocked": WHY}` or `{"failed": WHAT}`.
    pub fn to_json(&self) -> String {
        let said = match self {
            Report::Judged { claims, mistake, printed, unjudged } => {
                let claims: Vec<_> = claims.iter().map(|Claim { claim, difference }| (claim, difference)).collect();
                json!({"judged": {"claims": claims, "mistake": mistake, "printed": printed, "unjudged": unjudged}})
            }
            Report::Blocked(why) => json!({"blocked": why}),
            Report::Failed(what) => json!({"failed": what}),
        };
        said.to_string()
    }

    /// Reads what [`to_json`](Report::to_json) wrote.
    ///
    /// # Errors
    /// If it is something else.
    pub fn from_json(text: &[u8]) -> Result<Report> {
        let mut said: Value = serde_json::from_slice(text)?;
        if let Some(judged) = said.get_mut("judged") {
            let claims: Vec<(String, Option<(String, String)>)> = from_value(taken(judged, "claims")?)?;
            let claims = claims.into_iter().map(|(claim, difference)| Claim { claim, difference }).collect();
            let mistake = from_value(taken(judged, "mistake")?)?;
            let printed = from_value(taken(judged, "printed")?)?;
            return Ok(Report::Judged { claims, mistake, printed, unjudged: from_value(taken(judged, "unjudged")?)? });
        }
        if let Ok(why) = taken(&mut said, "blocked") {
            return Ok(Report::Blocked(from_value(why)?));
        }
        Ok(Report::Failed(from_value(taken(&mut said, "failed")?)?))
    }

    /// What it was made of, if that was about `exercise`.
    ///
    /// # Errors
    /// The one that was said, or that such a thing can't be said of `exercise`.
    pub fn result(self, exercise: &Exercise) -> Result<Judgement> {
        match self {
            Report::Judged { claims, mistake, printed, unjudged } => {
                // A judge's claims are a handful of sentences, and the workbook soon ends: they may stay in memory.
                let outcome = |Claim { claim, difference }| Outcome { claim: claim.leak(), difference };
                let outcomes = claims.into_iter().map(outcome).collect();
                let known = |id| exercise.mistakes.iter().find(|mistake| mistake.id == id).context(id);
                let mistake = mistake.map(known).transpose().context("the exercise has no such mistake")?;
                Ok(Judgement { outcomes, mistake, printed, unjudged })
            }
            Report::Blocked(why) => Err(Blocked(why).into()),
            Report::Failed(what) => Err(anyhow!(what)),
        }
    }
}

/// A field, which must be there: `null` is not the same as nothing.
fn taken(object: &mut Value, name: &str) -> Result<Value> {
    object.get_mut(name).map(Value::take).with_context(|| format!("no {name} in it"))
}

#[cfg(test)]
mod tests {
    use exercise::{Difficulty, Kind, Mistake};

    use super::*;

    const EXERCISE: Exercise = Exercise {
        id: "9.1",
        name: "x",
        title: "",
        kind: Kind::Build,
        minutes: 0,
        difficulty: Difficulty::Easy,
        chapter: "09-x",
        page: "",
        shown_by: "",
        needs_cgroups: false,
        hints: &[],
        mistakes: &[Mistake { id: "forgot-it", what: "", why: "" }, Mistake { id: "too-early", what: "", why: "" }],
    };

    /// As it arrives.
    fn sent(result: Result<Judgement>) -> Result<Judgement> {
        Report::from_json(Report::new(result).to_json().as_bytes())?.result(&EXERCISE)
    }

    #[test]
    fn a_judgement_arrives_as_it_was() {
        let outcomes = vec![Outcome::new("a", true, "x", "x"), Outcome::new("b", false, "x", "y\n\u{1b}")];
        for mistake in [None, Some(&EXERCISE.mistakes[1])] {
            let judgement =
                Judgement { outcomes: outcomes.clone(), mistake, printed: "ü\0".into(), unjudged: "v2".into() };
            let arrived = sent(Ok(judgement)).expect("it was judged");
            assert_eq!((&arrived.outcomes, arrived.printed.as_str()), (&outcomes, "ü\0"));
            assert_eq!(arrived.unjudged, "v2");
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
    fn what_was_never_said_is_an_error() {
        for text in [
            "",
            "{}",
            "[]",
            r#"{"blocked": 7}"#,
            r#"{"judged": 7}"#,
            r#"{"judged": []}"#,
            r#"{"judged": {"claims": [], "printed": ""}}"#,
            r#"{"judged": {"claims": [["a"]], "mistake": null, "printed": ""}}"#,
        ] {
            assert!(Report::from_json(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_mistake_of_another_exercise_is_an_error() {
        let said = Report::Judged {
            claims: Vec::new(),
            mistake: Some("unknown".into()),
            printed: String::new(),
            unjudged: String::new(),
        };
        assert!(format!("{:#}", said.result(&EXERCISE).expect_err("it is unknown")).contains("unknown"));
    }
}
