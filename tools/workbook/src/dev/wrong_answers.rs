//! Each wrong answer gets its diagnosis, and each check is failed by one: they prove that the
//! checks can fail.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use exercise::Exercise;

use super::answers::in_words;
use super::several::several_at_once;
use crate::checkout::Checkout;
use crate::examine::{Examined, examine};
use crate::exercises;
use crate::files::below;

/// How many wrong answers an exercise has at least.
const WRONG_ANSWERS: usize = 2;

pub fn wrong_answers_get_their_diagnosis(checkout: &Checkout) -> Result<Vec<String>> {
    let mut answers = Vec::new();
    for exercise in exercises::all() {
        for file in wrong_answers(checkout, exercise) {
            let header = Header::read(&file)?;
            answers.push((exercise, file, header));
        }
    }
    // Of each exercise the claims that some wrong answer fails, and all. Of all exercises at once: some
    // answers take as long as the checks allow, and others are built meanwhile.
    let claims: Mutex<BTreeMap<&str, [BTreeSet<&str>; 2]>> = Mutex::default();
    let all: Vec<&(&Exercise, PathBuf, Header)> = answers.iter().collect();
    let mut problems = several_at_once(checkout, &all, |checkout, (exercise, file, header)| {
        let examined = examine(checkout, exercise, file, false)?;
        if let Examined::Judged { judgement, .. } = &examined {
            let mut claims = claims.lock().unwrap_or_else(PoisonError::into_inner);
            let [failed, all] = claims.entry(exercise.id).or_default();
            failed.extend(judgement.failing_claims());
            all.extend(judgement.outcomes.iter().map(|outcome| outcome.claim));
        }
        let problem = wrong_answer(header, &examined);
        Ok(problem.map(|problem| format!("{}: {problem}", file.display())))
    })?;
    let claims = claims.into_inner().unwrap_or_else(PoisonError::into_inner);
    for exercise in exercises::all() {
        let proven: Vec<&str> = answers
            .iter()
            .filter(|(of, ..)| of.id == exercise.id)
            .map(|(_, _, header)| header.diagnosis.as_str())
            .collect();
        if proven.len() < WRONG_ANSWERS {
            problems.push(format!("{} has {} wrong answers; {WRONG_ANSWERS} at least", exercise.id, proven.len()));
        }
        if let Some([failed, all]) = claims.get(exercise.id) {
            let idle = all.difference(failed);
            problems.extend(idle.map(|claim| format!("{}: no wrong answer fails \"{claim}\"", exercise.id)));
        }
        let unproven = exercise.mistakes.iter().filter(|mistake| !proven.contains(&mistake.id));
        problems.extend(unproven.map(|mistake| format!("{}: no wrong answer proves {}", exercise.id, mistake.id)));
    }
    Ok(problems)
}

fn wrong_answer(header: &Header, examined: &Examined) -> Option<String> {
    if header.made_by.is_empty() {
        return Some("no line `//! made by:` that says where people make this mistake".into());
    }
    // "none": a mistake that gets expected and observed, and no guess.
    let expected = Some(header.diagnosis.as_str()).filter(|id| *id != "none");
    match examined {
        examined if examined.passed() => Some("passes".into()),
        Examined::NotOneFile(_) if header.diagnosis == "not-one-file" => None,
        Examined::Judged { judgement, .. } => {
            let got = judgement.mistake.map(|mistake| mistake.id);
            let shown = |id: Option<&str>| id.unwrap_or("no diagnosis").to_string();
            (got != expected).then(|| format!("expected {}, got {}: {judgement:#?}", shown(expected), shown(got)))
        }
        other => Some(in_words(other)),
    }
}

pub fn wrong_answers(checkout: &Checkout, exercise: &Exercise) -> Vec<PathBuf> {
    below(&checkout.path(exercise.wrong_answers()))
}

/// The first lines of a wrong answer, for this check only.
struct Header {
    diagnosis: String,
    made_by: String,
}

impl Header {
    fn read(file: &Path) -> Result<Header> {
        let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        Ok(Header::parse(&text))
    }

    fn parse(text: &str) -> Header {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix("//! ")?.strip_prefix(name));
        let value = |name: &str| field(name).unwrap_or_default().trim().to_string();
        Header { diagnosis: value("diagnosis:"), made_by: value("made by:") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_a_wrong_answer_names_its_diagnosis_and_who_makes_it() {
        let header = Header::parse("//! diagnosis: renamed-the-host\n//! made by: many\n//! more\n\nuse x;\n");
        assert_eq!((header.diagnosis.as_str(), header.made_by.as_str()), ("renamed-the-host", "many"));
        assert!(Header::parse("use x;\n").made_by.is_empty());
    }
}
