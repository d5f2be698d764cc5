//! The command line of `cargo wb`.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The workbook: what is next, and whether your answers are right.
///
/// Without a command it says what is next: the page to read, the file to edit, the command to type.
#[derive(Debug, Parser)]
#[command(name = "cargo wb", bin_name = "cargo wb", version, disable_help_subcommand = true, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Option<Verb>,
    #[command(flatten)]
    pub format: Formatted,
}

const EXIT_CODES: &str = "\
An exercise is named by its number (1.1) or its name (hostname).

Exit codes: 0 all is well, 1 a check fails (or there is still something to do),
2 the command line is wrong, 3 this machine can't run the checks.";

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Check an answer, or all of them, against what the kernel shows
    #[command(after_help = CHECK_JSON)]
    Check {
        /// The exercise (1.1 or hostname); without it, all that were begun
        id: Option<String>,
        /// Run the checks in the throwaway machine (see `cargo wb vm --help`), which refuses nothing
        #[arg(long)]
        vm: bool,
        #[command(flatten)]
        format: Formatted,
    },
    /// Check again on each save; hint, next and quit by one key
    #[command(after_help = crate::verbs::watch::HELP)]
    Watch {
        /// The exercise; without it, the next one
        id: Option<String>,
    },
    /// Show one more hint each time
    Hint {
        /// The exercise; without it, the next one
        id: Option<String>,
    },
    /// Begin again with the starter; your file is kept aside
    Reset {
        /// The exercise; without it, the next one
        id: Option<String>,
    },
    /// Print the solution (asks first, while yours hasn't passed)
    Solution {
        /// The exercise; without it, the next one
        id: Option<String>,
        /// Don't ask
        #[arg(long, short)]
        yes: bool,
    },
    /// What this machine allows, and what helps where it doesn't
    #[command(after_help = "Exit codes: 0 ready, 3 this machine can't run the checks.")]
    Doctor {
        #[command(flatten)]
        format: Formatted,
    },
    /// Run a command in a throwaway machine: root, a stock kernel, nothing to break
    #[command(disable_help_flag = true)]
    Vm {
        /// What its own program understands, --help included
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// For authors of exercises and pages
    #[command(subcommand)]
    Dev(Dev),
}

#[derive(Debug, Subcommand)]
pub enum Dev {
    /// Write each starter anew, from its solution
    Starters {
        /// Also over files that hold something else than a starter (your answers)
        #[arg(long)]
        force: bool,
    },
    /// Try every checker with answers that exit, kill, never return, cheat (Some minutes)
    Hostile,
    /// Change one thing at a time in the solutions: does every check notice? (Some minutes)
    Mutants {
        /// The exercise (1.1 or hostname); without it, all
        id: Option<String>,
    },
    /// Check exercises, solutions, wrong answers, hints, links; changes nothing in the tree
    Check {
        /// The tree holds a learner's answers: don't ask that the files are starters
        #[arg(long)]
        with_answers: bool,
    },
}

#[derive(Debug, Args, Clone, Copy)]
pub struct Formatted {
    /// How to print the table
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

const CHECK_JSON: &str = "\
With --format json: {\"passed\": N, \"total\": N, \"exercises\": [{
  \"id\", \"name\", \"title\", \"kind\": build|break|repair, \"file\", \"page\",
  \"state\": to-do|edited|failing|passed|blocked,
  \"changed\": whether the file is another one than what has passed,
  \"checks\": [{\"claim\", \"passed\", \"expected\", \"observed\"}],
  \"mistake\": {\"id\", \"what\", \"why\"} or null,
  \"reason\": why it is blocked or what the compiler said, or null}]}

Exit codes: 0 passed, 1 not passed, 3 this machine can't run the check.";
