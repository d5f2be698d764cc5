//! `cargo wb dev mutants`: solutions with one thing changed. Each has to fail its check, or a check
//! is missing.
//!
//! Two sources: every statement (and every element of a list) that is left out, found here; and
//! what `cargo mutants` proposes, if it is installed. It can't run them itself: an answer is judged
//! by the workbook.

mod proposed;

use anyhow::{Context, Result};
use exercise::Exercise;

use super::explained::{Explained, FILE};
use super::several::several_at_once;
use crate::checkout::Checkout;
use crate::examine::{Examined, examine};
use crate::files::write_whole;
use crate::starter::without_markers;
use crate::{Exit, exercises, print};

/// A solution with a change.
#[derive(Debug, PartialEq, Eq)]
struct Mutant {
    /// Where, for the reader: it changes with the text around it.
    place: String,
    /// By this, and the exercise, it is known.
    what: String,
    text: String,
}

pub fn run(checkout: &Checkout, id: Option<&str>) -> Result<Exit> {
    let chosen = match id {
        Some(id) => vec![exercises::find(id)?],
        None => exercises::all(),
    };
    let mut explained = Explained::read(checkout)?;
    let mut problems = 0;
    for exercise in chosen {
        let solution = std::fs::read_to_string(checkout.path(exercise.solution())).context("reading the solution")?;
        let solution = without_markers(&solution)?;
        let mut mutants = left_out(&solution);
        let proposed = proposed::proposed(checkout, exercise, &solution)?;
        let all_tried = proposed.is_some();
        mutants.extend(proposed.unwrap_or_default());
        let numbered: Vec<(usize, &Mutant)> = mutants.iter().enumerate().collect();
        let results = several_at_once(checkout, &numbered, |checkout, (number, mutant)| {
            let fate = fate(checkout, exercise, number, mutant)?;
            Ok((fate != Fate::Caught).then_some((fate, number)))
        })?;
        let survived: Vec<&Mutant> =
            results.iter().filter(|(fate, _)| *fate == Fate::Survived).map(|(_, n)| &mutants[*n]).collect();
        let built = mutants.len() - results.len() + survived.len();
        let (said, found) = report(exercise.id, &survived, &mut explained, all_tried);
        problems += found;
        print(&format!("{} {}: mutants that compile: {built}, {said}", exercise.id, exercise.name))?;
    }
    Ok(if problems == 0 { Exit::Well } else { Exit::Failing })
}

/// What to say of an exercise's survivors, and how many of them nobody has explained; and what is
/// explained that doesn't survive. `all_tried`: whether those were, too, that cargo-mutants
/// proposes.
fn report(id: &str, survived: &[&Mutant], explained: &mut Explained, all_tried: bool) -> (String, usize) {
    let mut lines = String::new();
    let mut known = 0;
    for mutant in survived {
        lines += &format!("    {}, {}\n", mutant.place, mutant.what);
        if let Some(entry) = explained.take(id, &mutant.what) {
            known += 1;
            lines += &format!("        may live: {}\n", entry.why.join("\n        "));
        }
    }
    let gone = explained.left(id, |what| all_tried || what.starts_with(LEFT_OUT));
    for what in &gone {
        lines += &format!("    explained in {FILE}, and doesn't survive: {what}\n");
    }
    let how_many = match (survived.len(), known) {
        (0, _) => String::new(),
        (1, 1) => ", explained".into(),
        (2, 2) => ", both explained".into(),
        (all, known) if all == known => ", all explained".into(),
        (_, known) => format!(", explained: {known}"),
    };
    (format!("not noticed: {}{how_many}\n{lines}", survived.len()), survived.len() - known + gone.len())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Caught,
    Survived,
    DoesNotCompile,
}

fn fate(checkout: &Checkout, exercise: &Exercise, number: usize, mutant: &Mutant) -> Result<Fate> {
    let file = checkout.target().join("mutants").join(exercise.name).join(format!("{number}.rs"));
    write_whole(&file, &mutant.text)?;
    Ok(match examine(checkout, exercise, &file, false)? {
        Examined::Judged { judgement, .. } if judgement.passed() => Fate::Survived,
        Examined::DoesNotCompile(_) => Fate::DoesNotCompile,
        _ => Fate::Caught,
    })
}

/// How the first kind begins.
const LEFT_OUT: &str = "left out: ";

/// The text without each of its statements and elements, one at a time: lines within a body or a
/// list that are complete by themselves.
fn left_out(text: &str) -> Vec<Mutant> {
    let lines: Vec<&str> = text.lines().collect();
    let mut mutants = Vec::new();
    for start in 0..lines.len() {
        let line = lines[start].trim();
        // What is outside of all braces isn't the answer's doing; comments do nothing.
        if !lines[start].starts_with("    ") || line.starts_with("//") || line.starts_with('}') {
            continue;
        }
        let Some(end) = end_of(&lines, start) else { continue };
        let rest = lines[..start].iter().chain(&lines[end + 1..]).map(|line| format!("{line}\n")).collect();
        mutants.push(Mutant { place: format!("line {}", start + 1), what: format!("{LEFT_OUT}{line}"), text: rest });
    }
    mutants
}

/// The line in which what begins at `start` ends: brackets are closed, and `;`, `,` or `}` comes
/// last.
fn end_of(lines: &[&str], start: usize) -> Option<usize> {
    let mut depth = 0i32;
    for (number, line) in lines.iter().enumerate().skip(start) {
        let count = |brackets: &str| line.chars().filter(|letter| brackets.contains(*letter)).count() as i32;
        depth += count("([{") - count(")]}");
        if depth < 0 {
            return None;
        }
        if depth == 0 && line.ends_with([';', ',', '}']) {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "use a::b;\n\nfn f() -> Result<()> {\n    // Why.\n    one(\n        1,\n    )?;\n    if x {\n        two();\n    }\n    three()\n}\n";

    #[test]
    fn each_statement_is_left_out_once_and_comments_and_the_last_expression_are_not() {
        let whats: Vec<String> =
            left_out(TEXT).into_iter().map(|mutant| format!("{}, {}", mutant.place, mutant.what)).collect();
        assert_eq!(
            whats,
            ["line 5, left out: one(", "line 6, left out: 1,", "line 8, left out: if x {", "line 9, left out: two();"]
        );
        assert!(!left_out(TEXT)[0].text.contains("one(") && left_out(TEXT)[0].text.contains("two();"));
    }

    #[test]
    fn who_survives_with_a_reason_is_no_problem_and_a_reason_without_a_survivor_is_one() {
        let mutant = |what: &str| Mutant { place: "line 5".into(), what: what.into(), text: String::new() };
        let (one, other) = (mutant("left out: a;"), mutant("replace < with <= in f"));
        let text = "3.5: left out: a;\n    Because.\n3.5: replace < with <= in f\n    Also.\n";
        let said = |survived: &[&Mutant], all_tried| {
            let mut explained = Explained::parse(text).expect("two entries");
            report("3.5", survived, &mut explained, all_tried)
        };
        let (both, problems) = said(&[&one, &other], true);
        assert!(both.starts_with("not noticed: 2, both explained\n") && both.contains("may live: Because."), "{both}");
        assert_eq!(problems, 0);
        let (gone, problems) = said(&[&one], true);
        assert!(gone.contains("doesn't survive: replace <"), "{gone}");
        assert_eq!(problems, 1);
        assert_eq!(said(&[&one], false).1, 0);
        assert_eq!(said(&[&one, &one, &other], true).1, 1);
    }
}
