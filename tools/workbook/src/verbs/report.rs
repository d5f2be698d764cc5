//! What a check found, in words, for one exercise.

use std::fmt::Write;

use exercise::Kind;
use judgement::{Judgement, Outcome};

use doctor::paragraph;

use super::table::Row;
use super::watch;
use super::way::{self, Way};
use crate::examine::Examined;
use crate::paint::Paint;
use crate::prebuilt;
use crate::state::State;

/// How many lines of a program's output are shown.
const LINES_OF_OUTPUT: usize = 12;

/// How much of each.
const LETTERS_OF_A_LINE: usize = 160;

/// The report on one exercise. `was_passed`: an earlier answer has passed and is kept.
pub fn text(row: &Row, was_passed: bool, paint: Paint) -> String {
    let exercise = row.exercise;
    let file = exercise.file().display().to_string();
    let mut out = format!("{} {}\n", paint.strong(format!("{} {}", exercise.id, exercise.title)), paint.faint(&file));
    match &row.examined {
        None => out.push_str("not checked\n"),
        Some(Examined::Blocked(why)) => {
            let _ = write!(out, "\n{}\n{}", paint.bad("blocked: this check can't be made here"), wrapped(why));
            out.push_str("\nStep by step: `cargo wb doctor`.\n");
            if !prebuilt::is_in_use() {
                out.push_str(&elsewhere(way::to(exercise), exercise.id));
            }
        }
        Some(Examined::NotOneFile(why)) => {
            let _ = write!(out, "\n{}\n", paint.bad(why));
        }
        Some(Examined::DoesNotCompile(errors)) => {
            let _ = write!(out, "\n{}\n{file} does not compile yet.\n", errors.trim_end());
            if errors.contains("/bin/") {
                out.push_str(
                    "The program that calls it is given: the function's signature has to stay as the starter has it.\n",
                );
            }
        }
        Some(Examined::Judged { judgement, warnings }) => judged(&mut out, row, judgement, warnings, paint),
    }
    if was_passed && row.state != State::Passed {
        out.push_str("\nThe answer that passed before is kept; mydocker goes on using it.\n");
    }
    out
}

/// Where else it can be checked.
fn elsewhere(way: Way, id: &str) -> String {
    match way {
        Way::InScope => format!("It works here in a scope of its own:\n    {}\n", way.command(id)),
        _ => format!("In a throwaway machine: `{}`.\n", Way::InVm.command(id)),
    }
}

fn judged(out: &mut String, row: &Row, judgement: &Judgement, warnings: &str, paint: Paint) {
    let id = row.exercise.id;
    if !warnings.is_empty() {
        let _ = write!(out, "\n{}\n", warnings.trim_end());
    }
    out.push('\n');
    // For a starter, and for a program that ended too early, every check would say the same; but to
    // find a defect is to look.
    let common = common_observation(judgement);
    let brief = row.state == State::ToDo && row.exercise.kind != Kind::Repair || common.is_some();
    for outcome in &judgement.outcomes {
        out.push_str(&check(outcome, row.state, brief, paint));
    }
    if row.state == State::ToDo {
        let _ = write!(out, "\n{} now; that is the starting point.\n", checks_fail(judgement.failing()));
        let elsewhere = if prebuilt::is_in_use() { "--vm " } else { "" };
        let task = if row.exercise.kind == Kind::Repair { "Find the defect" } else { "Write your answer" };
        let _ =
            writeln!(out, "{task} in {},\nthen `cargo wb check {elsewhere}{id}` again.", row.exercise.file().display());
        return;
    }
    if let Some(common) = common {
        let _ = write!(out, "\n{}", paragraph(&format!("Observed: {common}."), ""));
    }
    if let Some(mistake) = judgement.mistake {
        let _ = write!(out, "\n{}{}", paint.strong(paragraph(mistake.what, "")), paragraph(mistake.why, ""));
    }
    if judgement.passed() {
        let _ = write!(out, "\n{}\n", paint.good("Passed."));
        if !judgement.unjudged.is_empty() {
            let elsewhere = format!("{} To have it judged: cargo wb check --vm {id}", judgement.unjudged);
            let _ = write!(out, "\n{}", paragraph(&elsewhere, ""));
        }
        return;
    }
    out.push_str(&printed(&judgement.printed));
    let hint = if watch::is_watching() { watch::HINT_KEY.to_string() } else { format!("cargo wb hint {id}") };
    let _ = write!(out, "\n{}. For a hint: {hint}\n", checks_fail(judgement.failing()));
}

fn check(outcome: &Outcome, state: State, brief: bool, paint: Paint) -> String {
    let Some((expected, observed)) = &outcome.difference else {
        return format!("  {} {}", paint.good("✓"), claim(outcome));
    };
    let mark = if state == State::ToDo { "·".to_string() } else { paint.bad("✗") };
    let mut text = format!("  {mark} {}", claim(outcome));
    if !brief {
        text.push_str(&named("expected", expected));
        text.push_str(&named("observed", observed));
    }
    text
}

/// What it claims, to stand beside a mark.
fn claim(outcome: &Outcome) -> String {
    const INDENT: &str = "    ";
    paragraph(outcome.claim, INDENT)[INDENT.len()..].to_string()
}

/// A name, and beside it a paragraph for each line.
fn named(name: &str, text: &str) -> String {
    const INDENT: &str = "                ";
    let beside: String = text.lines().map(|line| paragraph(line, INDENT)).collect();
    format!("      {name:<10}{}", &beside[INDENT.len()..])
}

/// What was observed, if several checks fail and it is the same in each.
fn common_observation(judgement: &Judgement) -> Option<&str> {
    let mut observed = judgement.outcomes.iter().filter_map(|outcome| Some(outcome.difference.as_ref()?.1.as_str()));
    let first = observed.next()?;
    let mut others = observed.peekable();
    (others.peek().is_some() && others.all(|other| other == first)).then_some(first)
}

fn checks_fail(count: usize) -> String {
    if count == 1 { "1 check fails".into() } else { format!("{count} checks fail") }
}

fn printed(output: &str) -> String {
    // The compiler's advice about backtraces is none: the checker starts the program.
    let lines: Vec<&str> = output.lines().filter(|line| !line.starts_with("note: run with `RUST_BACKTRACE")).collect();
    if lines.iter().all(|line| line.trim().is_empty()) {
        return String::new();
    }
    let shown = lines.len().min(LINES_OF_OUTPUT);
    let cut: Vec<String> = lines[..shown].iter().map(|line| line.chars().take(LETTERS_OF_A_LINE).collect()).collect();
    let mut text = format!("\nYour program printed:\n{}", indented(&cut.join("\n")));
    if lines.len() > shown {
        let _ = writeln!(text, "    … and {} lines more", lines.len() - shown);
    }
    text
}

/// Each line as a paragraph; what is indented already (a command, the compiler's words) as it is.
fn wrapped(text: &str) -> String {
    let line = |line: &str| match line.starts_with(' ') {
        true => format!("    {line}\n"),
        false => paragraph(line, "    "),
    };
    text.lines().map(line).collect()
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(state: State, judgement: Judgement) -> Row {
        let examined = Some(Examined::Judged { judgement, warnings: String::new() });
        Row { exercise: crate::exercises::all()[0], state, changed: false, examined }
    }

    fn failing() -> Judgement {
        let outcomes = vec![Outcome::new("the host keeps its name", false, "\"lab\"", "\"boat\"")];
        let mistake = crate::exercises::all()[0].mistakes.first();
        Judgement { outcomes, mistake, printed: "hello\n".into(), unjudged: String::new() }
    }

    #[test]
    fn what_was_observed_stays_beside_its_name_however_long_it_is() {
        let text = named("observed", &"uts 4026532180, ".repeat(10));
        assert!(text.starts_with("      observed  uts 4026532180, uts"));
        assert!(text.lines().skip(1).all(|line| line.starts_with("                ") && line.len() <= 80));
        assert_eq!(text.lines().count(), 3, "{text}");
        assert_eq!(named("expected", "x"), "      expected  x\n");
        assert_eq!(named("observed", "x\ny"), "      observed  x\n                y\n");
    }

    #[test]
    fn an_expected_failure_looks_expected() {
        let report = text(&row(State::ToDo, failing()), false, Paint::never());
        assert!(report.contains("1 check fails now; that is the starting point."), "{report}");
        assert!(!report.contains('✗'), "{report}");
    }

    #[test]
    fn a_failure_shows_the_difference_the_mistake_and_what_was_printed() {
        let report = text(&row(State::Failing, failing()), false, Paint::never());
        for part in
            ["expected  \"lab\"", "observed  \"boat\"", "You renamed the machine", "    hello\n", "cargo wb hint 1.2"]
        {
            assert!(report.contains(part), "{part} in {report}");
        }
    }

    #[test]
    fn what_every_check_observed_is_said_once() {
        let outcomes = ["a", "b"].map(|claim| Outcome::new(claim, false, "x", "the function panicked")).to_vec();
        let report = text(&row(State::Failing, Judgement { outcomes, ..Judgement::default() }), false, Paint::never());
        assert_eq!(report.matches("the function panicked").count(), 1, "{report}");
    }

    #[test]
    fn a_flood_of_output_is_cut() {
        let judgement = Judgement { printed: "x\n".repeat(1000), ..failing() };
        let report = text(&row(State::Failing, judgement), false, Paint::never());
        assert!(report.contains("… and 988 lines more"), "{report}");
    }

    #[test]
    fn a_failure_after_a_pass_says_that_the_pass_is_kept() {
        assert!(
            text(&row(State::Failing, failing()), true, Paint::never())
                .contains("The answer that passed before is kept")
        );
    }
}
