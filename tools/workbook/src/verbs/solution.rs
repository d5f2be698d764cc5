//! `cargo wb solution [ID]`: prints it, after a question while the learner's own hasn't passed.

use std::io::{IsTerminal, Write, stderr, stdin};

use anyhow::{Context, Result};

use super::named_or_next;
use crate::checkout::Checkout;
use crate::progress::Progress;
use crate::starter::without_markers;
use crate::state::{Standing, State};
use crate::{Exit, print};

pub fn run(checkout: &Checkout, id: Option<&str>, yes: bool) -> Result<Exit> {
    let progress = Progress::load(checkout)?;
    let exercise = named_or_next(checkout, &progress, id)?;
    let passed = Standing::read(checkout, exercise, &progress)?.state == State::Passed;
    if !(passed || yes || asked(exercise.id)?) {
        return Ok(Exit::Failing);
    }
    let file = checkout.path(exercise.solution());
    let text = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    print(&without_markers(&text)?)?;
    Ok(Exit::Well)
}

fn asked(id: &str) -> Result<bool> {
    if !(stdin().is_terminal() && stderr().is_terminal()) {
        eprintln!(
            "Your answer to {id} hasn't passed yet. To see the solution all the same:\n    cargo wb solution {id} --yes"
        );
        return Ok(false);
    }
    eprint!(
        "Your answer to {id} hasn't passed yet. There are hints too: cargo wb hint {id}\nShow the solution? [y/N] "
    );
    stderr().flush()?;
    let mut line = String::new();
    stdin().read_line(&mut line).context("reading your answer")?;
    Ok(is_yes(&line))
}

fn is_yes(line: &str) -> bool {
    matches!(line.trim(), "y" | "Y" | "yes" | "Yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        assert!(is_yes("y\n") && is_yes("yes\n"));
        assert!(!is_yes("\n") && !is_yes("n\n") && !is_yes("") && !is_yes("yikes\n"));
    }
}
