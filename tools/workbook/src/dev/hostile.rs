//! `cargo wb dev hostile`: every exercise's checker is tried with answers that don't try. Each has
//! to fail, and nothing outside of its lab may notice.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use exercise::Exercise;
use nix::unistd::geteuid;

use super::several::several_at_once;
use crate::checkout::Checkout;
use crate::examine::{Examined, examine};
use crate::files::{read_if_there, write_whole};
use crate::paint::Paint;
use crate::state::made_starter;
use crate::{Exit, exercises, print};

/// What takes the place of an answer: it is put before everything else in the function.
struct Hostile {
    name: &'static str,
    statements: &'static str,
    /// What stands before the function.
    items: &'static str,
}

const KINDS: [Hostile; 7] = [
    Hostile { name: "says that all is well", statements: r#"println!("✓ all checks passed");"#, items: "" },
    Hostile { name: "exits with 0", statements: "std::process::exit(0);", items: "" },
    Hostile {
        name: "says what the program would say",
        statements: r#"let _ = nix::unistd::write(std::io::stdin(), b"ok"); loop { std::thread::park(); }"#,
        items: "",
    },
    Hostile { name: "never returns", statements: "loop { std::thread::park(); }", items: "" },
    Hostile {
        name: "kills what it can",
        statements: "for all in [-1, 0] { let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(all), nix::sys::signal::SIGKILL); }",
        items: "",
    },
    Hostile {
        name: "writes the workbook's own files",
        statements: r#"let _ = std::fs::create_dir_all(std::path::Path::new(PASSED).parent().unwrap()); let _ = std::fs::write(PASSED, "hostile");"#,
        items: "",
    },
    Hostile { name: "includes the solution", statements: "", items: "#[path = SOLUTION]\npub mod solution;\n" },
];

/// Only for an ordinary user: a lab's limit on processes doesn't bind root, and the machine would
/// notice.
const BOMB: Hostile = Hostile { name: "forks for ever", statements: "loop { let _ = given::fork(); }", items: "" };

pub fn run(checkout: &Checkout) -> Result<Exit> {
    let paint = Paint::for_stdout();
    let mut kinds: Vec<&Hostile> = KINDS.iter().collect();
    if geteuid().is_root() {
        eprintln!("cargo wb: as root, \"{}\" is left out: no limit on processes binds root", BOMB.name);
    } else {
        kinds.push(&BOMB);
    }
    let all: Vec<(&Exercise, &Hostile)> =
        exercises::all().into_iter().flat_map(|exercise| kinds.iter().map(move |kind| (exercise, *kind))).collect();
    let problems = several_at_once(checkout, &all, |checkout, (exercise, kind)| {
        let problem = tried(checkout, exercise, kind)?;
        Ok(problem.map(|problem| format!("{} {}: an answer that {}: {problem}", exercise.id, exercise.name, kind.name)))
    })?;
    for problem in &problems {
        print(&format!("{} {problem}\n", paint.bad("✗")))?;
    }
    print(&format!("{} hostile answers, {} problems.\n", all.len(), problems.len()))?;
    Ok(if problems.is_empty() { Exit::Well } else { Exit::Failing })
}

fn tried(checkout: &Checkout, exercise: &Exercise, kind: &Hostile) -> Result<Option<String>> {
    let passed =
        checkout.target().join("hostile/.wb/passed").join(exercise.chapter).join(format!("{}.rs", exercise.name));
    let answer = answer(&made_starter(checkout, exercise)?, kind)?
        .replace("SOLUTION", &format!("{:?}", checkout.path(exercise.solution())))
        .replace("PASSED", &format!("{passed:?}"));
    let file: PathBuf =
        checkout.target().join("hostile").join(exercise.name).join(format!("{}.rs", kind.name.replace(' ', "_")));
    write_whole(&file, &answer)?;
    let problem = match examine(checkout, exercise, &file, false)? {
        examined if examined.passed() => Some("passes".to_string()),
        Examined::Judged { .. } | Examined::NotOneFile(_) => None,
        other => Some(format!("isn't judged: {other:?}")),
    };
    let wrote = read_if_there(&passed)?.map(|_| "has written outside of its lab".to_string());
    Ok(problem.or(wrote))
}

/// The starter, whose function begins with what is hostile.
fn answer(starter: &str, kind: &Hostile) -> Result<String> {
    let function = starter.find("\npub fn ").context("the starter has no function")?;
    let body = starter[function..].find("{\n").context("the function has no body")? + function + 2;
    ensure!(body < starter.len(), "the function has no body");
    // What comes after may not be reached, and the compiler would say so.
    let quiet = "#[allow(unreachable_code, clippy::all)]";
    let (before, signature, rest) = (&starter[..function], &starter[function..body], &starter[body..]);
    Ok(format!("{before}\n{}{quiet}{signature}    {}\n{rest}", kind.items, kind.statements))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hostile_comes_first_in_the_function() {
        let starter = "//! Docs.\nuse a::b;\n\n/// Docs.\npub fn f(x: &str) -> Result<()> {\n    todo!()\n}\n";
        let hostile = Hostile { name: "x", statements: "exit(0);", items: "mod m;\n" };
        let text = answer(starter, &hostile).expect("a function");
        assert!(
            text.contains("mod m;\n#[allow") && text.contains("Result<()> {\n    exit(0);\n    todo!()\n}"),
            "{text}"
        );
        assert!(answer("fn g() {}\n", &hostile).is_err());
    }
}
