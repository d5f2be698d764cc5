//! Exercises as a table: for eyes, and for programs.

use exercise::Exercise;
use judgement::Judgement;
use serde_json::{Value, json};

use crate::examine::Examined;
use crate::paint::Paint;
use crate::state::State;

/// One exercise and what is known of it.
#[derive(Debug)]
pub struct Row {
    pub exercise: &'static Exercise,
    pub state: State,
    /// What has passed and is kept is not what the file holds now.
    pub changed: bool,
    /// What came of checking it just now, if that was done.
    pub examined: Option<Examined>,
}

/// `{"passed": …, "total": …, "refused": …, "exercises": […]}`; the fields are documented
/// in `cargo wb check --help`.
pub fn json(rows: &[Row], refused: Option<&str>) -> String {
    let passed = rows.iter().filter(|row| row.state == State::Passed).count();
    let exercises: Vec<Value> = rows.iter().map(entry).collect();
    format!("{:#}\n", json!({"passed": passed, "total": rows.len(), "refused": refused, "exercises": exercises}))
}

fn entry(row: &Row) -> Value {
    let Row { exercise, state, changed, examined } = row;
    let judgement = match examined {
        Some(Examined::Judged { judgement, .. }) => Some(judgement),
        _ => None,
    };
    let reason = match examined {
        Some(Examined::Blocked(why) | Examined::NotOneFile(why) | Examined::DoesNotCompile(why)) => Some(why),
        _ => None,
    };
    let mistake = judgement.and_then(|judgement| judgement.mistake);
    json!({
        "id": exercise.id,
        "name": exercise.name,
        "title": exercise.title,
        "kind": exercise.kind.to_string(),
        "minutes": exercise.minutes,
        "difficulty": exercise.difficulty.to_string(),
        "file": exercise.file().display().to_string(),
        "page": page(exercise),
        "state": state.id(),
        "changed": changed,
        "checks": judgement.map(claims).unwrap_or_default(),
        "unjudged": judgement.map(|judgement| judgement.unjudged.as_str()).filter(|unjudged| !unjudged.is_empty()),
        "mistake": mistake.map(|mistake| json!({"id": mistake.id, "what": mistake.what, "why": mistake.why})),
        "reason": reason,
    })
}

fn claims(judgement: &Judgement) -> Vec<Value> {
    let claim = |outcome: &judgement::Outcome| {
        let (expected, observed) = outcome.difference.as_ref().map(|(expected, observed)| (expected, observed)).unzip();
        let passed = outcome.difference.is_none();
        json!({"claim": outcome.claim, "passed": passed, "expected": expected, "observed": observed})
    };
    judgement.outcomes.iter().map(claim).collect()
}

/// One line for each exercise.
pub fn text(rows: &[Row], paint: Paint) -> String {
    let width = rows.iter().map(|row| row.exercise.name.len()).max().unwrap_or(0);
    let line = |row: &Row| {
        let Row { exercise, state, changed, .. } = row;
        let state = painted(*state, paint);
        let since = if *changed { paint.faint(" (file changed since)") } else { String::new() };
        let takes = paint.faint(format!("{:>2} min  {:<6}", exercise.minutes, exercise.difficulty));
        format!("{:<5} {:<width$}  {takes}  {state}  {}{since}\n", exercise.id, exercise.name, exercise.title)
    };
    rows.iter().map(line).collect()
}

fn painted(state: State, paint: Paint) -> String {
    // Padded first: the codes of a colour have no width.
    let text = format!("{state:<11}");
    match state {
        State::Passed => paint.good(text),
        State::Failing | State::Blocked => paint.bad(text),
        State::ToDo | State::Edited => text,
    }
}

/// The page to read, relative to the checkout.
pub fn page(exercise: &Exercise) -> String {
    format!("book/src/{}", exercise.page)
}

#[cfg(test)]
mod tests {
    use judgement::Outcome;

    use super::*;

    fn row(state: State, examined: Option<Examined>) -> Row {
        Row { exercise: crate::exercises::all()[0], state, changed: false, examined }
    }

    #[test]
    fn the_names_of_the_fields_are_those_that_help_documents() {
        let outcomes = vec![Outcome::new("a", true, "x", "x"), Outcome::new("b", false, "x", "y")];
        let judgement = Judgement { outcomes, ..Judgement::default() };
        let examined = Examined::Judged { judgement, warnings: String::new() };
        let printed = json(&[row(State::Failing, Some(examined))], None);
        let parsed: Value = serde_json::from_str(&printed).expect("JSON");
        assert_eq!(parsed["passed"], 0);
        assert_eq!((&parsed["total"], &parsed["refused"]), (&1.into(), &Value::Null));
        let exercise = &parsed["exercises"][0];
        assert_eq!(exercise["state"], "failing");
        assert_eq!(exercise["kind"], "build");
        assert_eq!(exercise["file"], "exercises/01-namespaces/hostname.rs");
        assert_eq!(exercise["checks"][0]["passed"], true);
        assert_eq!(exercise["checks"][1]["observed"], "y");
        assert_eq!(exercise["mistake"], Value::Null);
    }

    #[test]
    fn a_blocked_exercise_says_why() {
        let printed =
            json(&[row(State::Blocked, Some(Examined::Blocked("no user namespaces".into())))], Some("it refuses"));
        assert!(printed.contains("\"state\": \"blocked\"") && printed.contains("\"reason\": \"no user namespaces\""));
        assert!(printed.contains("\"refused\": \"it refuses\""), "{printed}");
    }

    #[test]
    fn each_exercise_has_a_line() {
        let lines = text(&[row(State::ToDo, None), row(State::Passed, None)], Paint::never());
        assert_eq!(lines.lines().count(), 2);
        assert!(lines.starts_with("1.2   hostname  15 min  easy    to do        a hostname of its own\n"), "{lines}");
    }
}
