//! A solution is the source: the starter is made from it. In a solution,
//!
//! ```text
//!     // wb:answer
//!     what the learner shall write
//!     // wb:starter
//!     // todo!("what stands there instead")
//!     // wb:end
//! ```
//!
//! becomes `todo!("what stands there instead")` in the starter; `wb:starter` may be left out, then
//! nothing stands there.

use anyhow::{Result, bail};

/// Imports and arguments that only the answer uses would be warned of in the starter. (An unused
/// Result isn't silenced.)
const SILENCE: &str = "#![allow(unused_imports, unused_variables)] // until your answer uses them all\n";

/// Which lines of a solution are meant for whom.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Both,
    Answer,
    Starter,
}

/// What the learner begins with.
pub fn starter(solution: &str) -> Result<String> {
    let mut lines = String::new();
    for (part, line) in parts(solution)? {
        match part {
            Part::Both => lines.push_str(line),
            Part::Starter => lines.push_str(&uncommented(line)),
            Part::Answer => continue,
        }
        lines.push('\n');
    }
    // What is left out at the end leaves its blank line behind.
    Ok(silenced(lines.trim_end()) + "\n")
}

/// The solution without its markers, as it is shown.
pub fn without_markers(solution: &str) -> Result<String> {
    let kept = parts(solution)?.into_iter().filter(|(part, _)| *part != Part::Starter);
    Ok(kept.map(|(_, line)| format!("{line}\n")).collect())
}

fn parts(solution: &str) -> Result<Vec<(Part, &str)>> {
    let mut part = Part::Both;
    let mut answers = 0;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(solution.lines()) {
        part = match (line.trim(), part) {
            ("// wb:answer", Part::Both) => {
                answers += 1;
                Part::Answer
            }
            ("// wb:starter", Part::Answer) => Part::Starter,
            ("// wb:end", Part::Answer | Part::Starter) => Part::Both,
            (marker, _) if marker.contains("wb:") => bail!("line {number}: {marker} is out of place"),
            _ => {
                lines.push((part, line));
                continue;
            }
        };
    }
    match (part, answers) {
        (Part::Both, 0) => bail!("no // wb:answer: nothing would be left for the learner to do"),
        (Part::Both, _) => Ok(lines),
        _ => bail!("a // wb:answer without // wb:end"),
    }
}

fn uncommented(line: &str) -> String {
    line.replacen("// ", "", 1)
}

/// Puts the generated line where an inner attribute may stand: after the file's own docs.
fn silenced(text: &str) -> String {
    let docs: usize = text.split_inclusive('\n').take_while(|line| line.starts_with("//!")).map(str::len).sum();
    let (docs, code) = text.split_at(docs);
    format!("{docs}{SILENCE}{code}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOLUTION: &str = "//! Docs.\n\nuse a::b;\n\nfn f(x: u8) {\n    // wb:answer\n    // Why.\n    b(x)\n    \
                            // wb:starter\n    // todo!(\"do it\")\n    // wb:end\n}\n";

    #[test]
    fn the_starter_has_a_todo_for_the_answer() {
        let starter = starter(SOLUTION).expect("markers are in order");
        assert_eq!(starter, format!("//! Docs.\n{SILENCE}\nuse a::b;\n\nfn f(x: u8) {{\n    todo!(\"do it\")\n}}\n"));
    }

    #[test]
    fn an_answers_own_functions_leave_no_blank_line_behind() {
        let solution = format!("{SOLUTION}\n// wb:answer\nfn helper() {{}}\n// wb:end\n");
        assert_eq!(starter(&solution).ok(), starter(SOLUTION).ok());
    }

    #[test]
    fn what_is_shown_has_no_marker_and_no_todo() {
        let shown = without_markers(SOLUTION).expect("markers are in order");
        assert_eq!(shown, "//! Docs.\n\nuse a::b;\n\nfn f(x: u8) {\n    // Why.\n    b(x)\n}\n");
    }

    #[test]
    fn a_repair_has_its_defect_in_the_starter_part() {
        let repair = "// wb:answer\nflags |= A;\n// wb:starter\n// flags = A;\n// wb:end\n";
        assert!(starter(repair).expect("in order").ends_with("flags = A;\n"));
    }

    #[test]
    fn markers_out_of_place_are_errors() {
        for wrong in [
            "fn f() {}\n",
            "// wb:answer\n",
            "// wb:end\n",
            "// wb:starter\n",
            "// wb:answer\n// wb:answer\n// wb:end\n",
            "// wb:answer\n// wb:oops\n// wb:end\n",
        ] {
            assert!(starter(wrong).is_err(), "{wrong:?}");
        }
    }
}
