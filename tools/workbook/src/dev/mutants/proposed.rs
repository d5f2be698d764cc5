//! What `cargo mutants` proposes, if it is installed.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use exercise::Exercise;
use serde_json::Value;

use super::Mutant;
use crate::checkout::Checkout;
use crate::files::write_whole;

/// One that `cargo mutants` proposes. (Lines and columns are counted from 1.)
#[derive(Debug)]
struct Proposal {
    name: String,
    replacement: String,
    span: Span,
}

#[derive(Debug)]
struct Span {
    start: Place,
    end: Place,
}

#[derive(Debug)]
struct Place {
    line: usize,
    column: usize,
}

impl Proposal {
    fn read(proposal: &Value) -> Option<Proposal> {
        let text = |name: &str| proposal[name].as_str().map(str::to_string);
        let place = |name: &str| {
            let number = |field: &str| usize::try_from(proposal["span"][name][field].as_u64()?).ok();
            Some(Place { line: number("line")?, column: number("column")? })
        };
        let span = Span { start: place("start")?, end: place("end")? };
        Some(Proposal { name: text("name")?, replacement: text("replacement")?, span })
    }
}

/// `None` without cargo-mutants.
pub fn proposed(checkout: &Checkout, exercise: &Exercise, solution: &str) -> Result<Option<Vec<Mutant>>> {
    // It wants a package; nothing of it is built.
    let package = checkout.target().join("mutants").join(exercise.name).join("package");
    let manifest = "[package]\nname = \"solution\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n";
    write_whole(&package.join("Cargo.toml"), manifest)?;
    write_whole(&package.join("src/lib.rs"), solution)?;
    let Some(list) = list(&package)? else {
        eprintln!(
            "cargo wb: without cargo-mutants (cargo install --locked cargo-mutants), only what is left out is tried"
        );
        return Ok(None);
    };
    let proposals: Vec<Value> = serde_json::from_slice(&list).context("what cargo mutants --list printed")?;
    let proposals = proposals.iter().map(|proposal| Proposal::read(proposal).with_context(|| format!("{proposal}")));
    let proposals = proposals.collect::<Result<Vec<_>>>()?;
    // Flags are single bits: put together by ^ they are the same number.
    let differs = |proposal: &Proposal| !proposal.name.contains("replace | with ^");
    proposals.into_iter().filter(differs).map(|proposal| applied(solution, &proposal)).collect::<Result<_>>().map(Some)
}

fn list(package: &Path) -> Result<Option<Vec<u8>>> {
    let mut command = Command::new("cargo-mutants");
    let output = command.args(["mutants", "--list", "--json", "--dir"]).arg(package).output();
    match output {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        output => {
            let output = output.context("starting cargo-mutants")?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            anyhow::ensure!(output.status.success(), "cargo mutants --list: {said}");
            Ok(Some(output.stdout))
        }
    }
}

fn applied(text: &str, proposal: &Proposal) -> Result<Mutant> {
    let (start, end) = (offset(text, &proposal.span.start)?, offset(text, &proposal.span.end)?);
    let name = proposal.name.trim_start_matches("src/lib.rs:");
    let (place, what) = name.split_once(": ").context("a proposal without a place")?;
    Ok(Mutant {
        place: format!("line {place}"),
        what: what.into(),
        text: [&text[..start], &proposal.replacement, &text[end..]].concat(),
    })
}

fn offset(text: &str, place: &Place) -> Result<usize> {
    let before: usize = text.split_inclusive('\n').take(place.line.saturating_sub(1)).map(str::len).sum();
    let line = text[before..].lines().next().unwrap_or_default();
    let column = line.char_indices().map(|(at, _)| at).nth(place.column.saturating_sub(1)).unwrap_or(line.len());
    anyhow::ensure!(before + column <= text.len(), "a place outside of the file");
    Ok(before + column)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "use a::b;\n\nfn f() -> Result<()> {\n    three()\n}\n";

    #[test]
    fn a_proposal_is_read_as_cargo_mutants_prints_it_and_a_part_that_is_missing_is_noticed() {
        let printed = serde_json::json!({
            "name": "src/lib.rs:4:5: replace f", "replacement": "Ok(())", "genre": "FnValue",
            "span": {"start": {"line": 4, "column": 5}, "end": {"line": 4, "column": 12}},
        });
        let read = Proposal::read(&printed).expect("all parts are there");
        assert_eq!((read.name.as_str(), read.replacement.as_str()), ("src/lib.rs:4:5: replace f", "Ok(())"));
        assert_eq!((read.span.start.column, read.span.end.line, read.span.end.column), (5, 4, 12));
        for part in ["name", "replacement", "span"] {
            let mut torn = printed.clone();
            torn[part].take();
            assert!(Proposal::read(&torn).is_none(), "{part}");
        }
    }

    #[test]
    fn a_proposal_replaces_what_it_spans() {
        let place = |line, column| Place { line, column };
        let span = Span { start: place(4, 5), end: place(4, 12) };
        let proposal = Proposal { name: "src/lib.rs:4:5: replace f".into(), replacement: "Ok(())".into(), span };
        let mutant = applied(TEXT, &proposal).expect("a place in the file");
        assert!(
            mutant.text.ends_with("    Ok(())\n}\n")
                && (mutant.place, mutant.what) == ("line 4:5".into(), "replace f".into())
        );
    }
}
