//! What only authors need.

pub mod hostile;
pub mod mutants;
pub mod starters;

mod answers;
mod book;
mod explained;
mod first_build;
mod markdown;
mod several;
mod taught;
mod tree;
mod wrong_answers;

use anyhow::Result;

use crate::checkout::Checkout;
use crate::paint::Paint;
use crate::{Exit, print};

/// Looks for problems; an error is one too.
type Look = fn(&Checkout) -> Result<Vec<String>>;

/// What is true of the tree, and the look that finds out.
const CLAIMS: [(&str, Look); 13] = [
    (STARTERS, answers::starters_are_up_to_date),
    ("no stray file in exercises and solutions", tree::no_stray_files),
    ("no exercise depends on a chapter's crate", tree::no_chapter_crates),
    ("neither wb nor a first check waits for macros", first_build::waits_for_no_macros),
    ("solutions, wrong answers and declarations are formatted", answers::sources_are_formatted),
    ("hints exist, and pages say number, time and difficulty", taught::hints_and_pages_exist),
    ("every page of the book is in its summary", book::every_page_is_in_the_summary),
    ("links within the book lead somewhere", book::links_resolve),
    ("code that the book includes is there", book::includes_exist),
    ("starters fail where expected, without a warning", answers::starters_fail_as_expected),
    ("solutions pass", answers::solutions_pass),
    (
        "wrong answers get their diagnosis, and every check is failed by one",
        wrong_answers::wrong_answers_get_their_diagnosis,
    ),
    ("starters and solutions please clippy", answers::starters_and_solutions_please_clippy),
];

const STARTERS: &str = "starters are up to date";

/// `cargo wb dev check`: a look at the tree that leaves it as it is.
pub fn check(checkout: &Checkout, with_answers: bool) -> Result<Exit> {
    let paint = Paint::for_stdout();
    let mut found = 0;
    for (claim, look) in CLAIMS {
        if with_answers && claim == STARTERS {
            continue;
        }
        let problems = look(checkout).unwrap_or_else(|error| vec![format!("{error:#}")]);
        found += problems.len();
        let mark = if problems.is_empty() { paint.good("✓") } else { paint.bad("✗") };
        let lines = problems.iter().map(|problem| format!("    {}\n", problem.replace('\n', "\n    ")));
        print(&format!("{mark} {claim}\n{}", lines.collect::<String>()))?;
    }
    let summary = match found {
        0 => "All is well.\n".to_string(),
        1 => "1 problem.\n".to_string(),
        many => format!("{many} problems.\n"),
    };
    print(&summary)?;
    Ok(if found == 0 { Exit::Well } else { Exit::Failing })
}
