//! The command line of `cargo wb`. Built by hand, not derived: the macros would be a third of a
//! learner's first build.

use std::ffi::OsString;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

#[derive(Debug, PartialEq, Eq)]
pub enum Verb {
    /// No verb: what is next.
    Next {
        format: Format,
    },
    Check {
        id: Option<String>,
        vm: bool,
        format: Format,
    },
    Watch {
        id: Option<String>,
    },
    Hint {
        id: Option<String>,
    },
    Reset {
        id: Option<String>,
    },
    Solution {
        id: Option<String>,
        yes: bool,
    },
    Doctor {
        format: Format,
    },
    Vm,
    Dev(Dev),
}

#[derive(Debug, PartialEq, Eq)]
pub enum Dev {
    Starters { force: bool },
    Hostile,
    Mutants { id: Option<String> },
    Check { with_answers: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
}

/// What was typed. Ends the program where that is help, or wrong.
pub fn parse() -> Verb {
    verb(&command().get_matches())
}

fn verb(matches: &ArgMatches) -> Verb {
    let Some((name, matches)) = matches.subcommand() else { return Verb::Next { format: format_of(matches) } };
    // Asked only where a verb takes one.
    let id = || matches.get_one("id").cloned();
    match name {
        "check" => Verb::Check { id: id(), vm: matches.get_flag("vm"), format: format_of(matches) },
        "watch" => Verb::Watch { id: id() },
        "hint" => Verb::Hint { id: id() },
        "reset" => Verb::Reset { id: id() },
        "solution" => Verb::Solution { id: id(), yes: matches.get_flag("yes") },
        "doctor" => Verb::Doctor { format: format_of(matches) },
        "vm" => Verb::Vm,
        "dev" => Verb::Dev(dev_verb(matches)),
        other => unreachable!("clap knows no verb {other}"),
    }
}

fn dev_verb(matches: &ArgMatches) -> Dev {
    match matches.subcommand().expect("clap requires one") {
        ("starters", matches) => Dev::Starters { force: matches.get_flag("force") },
        ("hostile", _) => Dev::Hostile,
        ("mutants", matches) => Dev::Mutants { id: matches.get_one("id").cloned() },
        ("check", matches) => Dev::Check { with_answers: matches.get_flag("with-answers") },
        (other, _) => unreachable!("clap knows no verb dev {other}"),
    }
}

fn format_of(matches: &ArgMatches) -> Format {
    *matches.get_one("format").expect("it has a default")
}

fn command() -> Command {
    let verbs = [
        verb_with("check", "Check an answer, or all of them, against what the kernel shows")
            .after_help(CHECK_JSON)
            .arg(id("The exercise (1.1 or hostname); without it, all that were begun"))
            .arg(flag(
                "vm",
                "Run the checks in the throwaway machine (see `cargo wb vm --help`), which refuses nothing",
            ))
            .arg(format()),
        verb_with("watch", "Check again on each save; hint, next and quit by one key")
            .after_help(crate::verbs::watch::HELP)
            .arg(id(OR_NEXT)),
        verb_with("hint", "Show one more hint each time").arg(id(OR_NEXT)),
        verb_with("reset", "Begin again with the starter; your file is kept aside").arg(id(OR_NEXT)),
        verb_with("solution", "Print the solution (asks first, while yours hasn't passed)")
            .arg(id(OR_NEXT))
            .arg(flag("yes", "Don't ask").short('y')),
        verb_with("doctor", "What this machine allows, and what helps where it doesn't")
            .after_help("Exit codes: 0 ready, 3 this machine can't run the checks.")
            .arg(format()),
        // Its own program reads these words, --help included.
        verb_with("vm", "Run a command in a throwaway machine: root, a stock kernel, nothing to break")
            .disable_help_flag(true)
            .arg(words()),
        dev(),
    ];
    Command::new("cargo wb")
        .bin_name("cargo wb")
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .long_about(format!("{ABOUT}.\n\n{WITHOUT_A_COMMAND}"))
        .after_help(EXIT_CODES)
        .disable_help_subcommand(true)
        // `--format` belongs to the verb: before it, it would be taken and not heard.
        .args_conflicts_with_subcommands(true)
        .arg(format())
        .subcommands(verbs)
}

fn dev() -> Command {
    let verbs = [
        verb_with("starters", "Write each starter anew, from its solution")
            .arg(flag("force", "Also over files that hold something else than a starter (your answers)")),
        verb_with("hostile", "Try every checker with answers that exit, kill, never return, cheat (Some minutes)"),
        verb_with("mutants", "Change one thing at a time in the solutions: does every check notice? (Some minutes)")
            .arg(id("The exercise (1.1 or hostname); without it, all")),
        verb_with("check", "Check exercises, solutions, wrong answers, hints, links; changes nothing in the tree")
            .arg(flag("with-answers", "The tree holds a learner's answers: don't ask that the files are starters")),
    ];
    verb_with("dev", "For authors of exercises and pages")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(verbs)
}

fn verb_with(name: &'static str, about: &'static str) -> Command {
    Command::new(name).about(about)
}

fn id(help: &'static str) -> Arg {
    Arg::new("id").value_name("ID").help(help)
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
}

fn words() -> Arg {
    let words = Arg::new("words").num_args(0..).trailing_var_arg(true).allow_hyphen_values(true);
    words.value_parser(value_parser!(OsString))
}

fn format() -> Arg {
    let read = |word: String| if word == "json" { Format::Json } else { Format::Text };
    let formats = PossibleValuesParser::new(["text", "json"]).map(read);
    Arg::new("format")
        .long("format")
        .value_name("FORMAT")
        .help("How to print the table")
        .default_value("text")
        .value_parser(formats)
}

const ABOUT: &str = "The workbook: what is next, and whether your answers are right";

const WITHOUT_A_COMMAND: &str =
    "Without a command it says what is next: the page to read, the file to edit, the command to type.";

const OR_NEXT: &str = "The exercise; without it, the next one";

const EXIT_CODES: &str = "\
An exercise is named by its number (1.1) or its name (hostname).

Exit codes: 0 all is well, 1 a check fails (or there is still something to do),
2 the command line is wrong, 3 this machine can't do it; the message says why.";

const CHECK_JSON: &str = "\
With --format json: {\"passed\": N, \"total\": N,
  \"refused\": what this machine refuses, or null, \"exercises\": [{
  \"id\", \"name\", \"title\", \"kind\": build|break|repair,
  \"minutes\": N, \"difficulty\": easy|medium|hard, \"file\", \"page\",
  \"state\": to-do|edited|failing|passed|blocked,
  \"changed\": whether the file is another one than what has passed,
  \"checks\": [{\"claim\", \"passed\", \"expected\", \"observed\"}],
  \"mistake\": {\"id\", \"what\", \"why\"} or null,
  \"unjudged\": what this machine can't show, or null,
  \"reason\": why it is blocked or what the compiler said, or null}]}

Exit codes: 0 passed, 1 not passed, 3 this machine can't run the check.";

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(words: &str) -> Option<Verb> {
        let words = std::iter::once("cargo wb").chain(words.split_whitespace());
        command().try_get_matches_from(words).ok().map(|matches| verb(&matches))
    }

    #[test]
    fn clap_finds_nothing_wrong_with_the_definition() {
        command().debug_assert();
    }

    #[test]
    fn each_verb_gets_what_was_typed() {
        let id = || Some("1.1".to_string());
        let json = Format::Json;
        for (words, expected) in [
            ("", Verb::Next { format: Format::Text }),
            ("--format json", Verb::Next { format: json }),
            ("check", Verb::Check { id: None, vm: false, format: Format::Text }),
            ("check 1.1 --vm --format=json", Verb::Check { id: id(), vm: true, format: json }),
            ("watch 1.1", Verb::Watch { id: id() }),
            ("hint", Verb::Hint { id: None }),
            ("reset 1.1", Verb::Reset { id: id() }),
            ("solution 1.1", Verb::Solution { id: id(), yes: false }),
            ("solution -y", Verb::Solution { id: None, yes: true }),
            ("doctor --format json", Verb::Doctor { format: json }),
            ("vm --help", Verb::Vm),
            ("vm -- ls -l", Verb::Vm),
            ("dev starters --force", Verb::Dev(Dev::Starters { force: true })),
            ("dev hostile", Verb::Dev(Dev::Hostile)),
            ("dev mutants 1.1", Verb::Dev(Dev::Mutants { id: id() })),
            ("dev check --with-answers", Verb::Dev(Dev::Check { with_answers: true })),
        ] {
            assert_eq!(typed(words), Some(expected), "{words}");
        }
    }

    #[test]
    fn what_no_verb_takes_is_refused() {
        for words in
            ["frobnicate", "--format json check", "check 1.1 1.2", "hint --vm", "dev", "--format xml", "doctor 1.1"]
        {
            assert_eq!(typed(words), None, "{words}");
        }
    }
}
