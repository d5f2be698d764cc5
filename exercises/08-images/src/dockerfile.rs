//! Exercise 8.4: a Dockerfile's instructions.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "8.4",
    name: "dockerfile",
    title: "a Dockerfile's instructions",
    kind: Kind::Build,
    minutes: 35,
    difficulty: Difficulty::Medium,
    chapter: "08-images",
    page: "08-images/dockerfile.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "Two steps: lines into whole instructions, then each into its parts. For the first one you \
         need one variable: the instruction that isn't complete yet, with the line that it began in.",
        "For each line: is it nothing (also in the middle of an instruction)? Else, does it go on? \
         line.trim_end().strip_suffix(escape) answers that and takes the character away. At the end \
         of the text an instruction may still be open.",
        "str::lines knows \\r\\n. split_once(char::is_whitespace) is the name and the rest. If \
         serde_json::from_str::<Vec<String>> fails on the arguments, they are the shell form, and no \
         error.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    ESCAPE_IGNORED = Mistake::new("escape-ignored",
        "# escape=` in the first line has no effect.",
        "It is a comment that means something: images for Windows have paths that end in a backslash.");
    COMMENT_GOES_ON = Mistake::new("comment-goes-on",
        "An instruction behind a comment that ends with a backslash is lost.",
        "A comment is one line, whatever it ends with. Look for comments before you look for lines that \
         go on.");
    COMMENT_INSIDE = Mistake::new("comment-inside",
        "A comment between the lines of an instruction became a part of it.",
        "To a shell, all behind the # would be a comment then, since the newlines are gone: half the \
         command isn't run, and nobody is told.");
    HASH_ANYWHERE = Mistake::new("hash-anywhere",
        "A # in the middle of a line was taken for the beginning of a comment.",
        "In a Dockerfile only a line that begins with it is one. What is behind it is the shell's.");
    BLANKS_BEHIND = Mistake::new("blanks-behind",
        "A backslash with a blank behind it doesn't make the line go on.",
        "Nobody sees that blank. Docker takes it away before it looks, and so do you.");
    LINE_OF_THE_END = Mistake::new("line-of-the-end",
        "The line of an instruction isn't the one that it begins in.",
        "Errors name it, and people look there. Remember it when the instruction begins; comments and \
         empty lines count as lines.");
    AS_WRITTEN = Mistake::new("as-written",
        "run isn't RUN.",
        "Instructions may be written in any case. Whoever compares the name later wants one of them.");
    SPLIT_AT_COMMAS = Mistake::new("split-at-commas",
        "The exec form was split at each comma, or kept its quotes or backslashes.",
        "It is JSON: a comma, a quote, a bracket may stand within a word. Let serde_json read it.");
    ALMOST_JSON = Mistake::new("almost-json",
        "Arguments in brackets that are no JSON were refused, or taken for the exec form.",
        "['ls'] has the wrong quotes. Docker gives that to a shell, which says \"[ls]: not found\". It \
         surprises everybody once; but [ -e /x ] && y is a command as well.");
    TAKES_ALL = Mistake::new("takes-all",
        "A line that is no instruction was taken.",
        "It says in which line, or the user has to look for it.");
    PANICS = Mistake::new("panics",
        "A text that is no Dockerfile makes the function panic.",
        "It is a stranger's text. split_once gives an Option: None is an error with the line in it.");
}

#[cfg(feature = "checks")]
pub mod check {
    use anyhow::Result;
    use checker::cases::{Case, Slip, judge};
    use checker::{Judgement, Program, random};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        judge(program, &cases(), MISTAKES)
    }

    const PARTS: &str = "an instruction has a line, a name in capitals, and arguments";
    const LINES: &str = "a line that ends with the escape character goes on in the next one";
    const COMMENTS: &str = "a line that begins with # is nothing, wherever it is; another # is no comment";
    const FORMS: &str = "a JSON array of strings is the exec form, anything else the shell form";
    const REFUSED: &str = "what is no instruction is an error that says so";

    fn cases() -> Vec<Case> {
        let word = || format!("w{}", random::within(0..1_000_000));
        let (a, b, c) = (&word(), &word(), &word());
        let is = |claim, text: String, expected: String| {
            let shown = format!("{text:?}");
            Case::is(claim, text, expected).shown(shown)
        };
        let any = |case: Case, mistake| case.slip(mistake, Slip::Accepts).slip(mistake, Slip::Refuses);
        let refused = |text: String| {
            let shown = format!("{text:?}");
            let case = Case::refused(REFUSED, text).shown(shown);
            case.slip(&TAKES_ALL, Slip::Accepts).slip(&PANICS, Slip::Panics)
        };
        let bare = format!("FROM {a}\n\n  RUN   echo {b} \n");
        let lower = format!("from {a}\nRun {b}");
        vec![
            is(PARTS, bare, format!("1 FROM shell {a:?}; 3 RUN shell \"echo {b}\""))
                .or(&LINE_OF_THE_END, format!("1 FROM shell {a:?}; 2 RUN shell \"echo {b}\"")),
            is(PARTS, lower, format!("1 FROM shell {a:?}; 2 RUN shell {b:?}"))
                .or(&AS_WRITTEN, format!("1 from shell {a:?}; 2 Run shell {b:?}")),
            is(PARTS, format!("FROM\t{a}\r\nRUN {b}\r\n"), format!("1 FROM shell {a:?}; 2 RUN shell {b:?}")),
            is(PARTS, String::new(), String::new()),
            is(
                LINES,
                format!("RUN {a} && \\\n  {b}\nCMD {c}"),
                format!("1 RUN shell \"{a} &&   {b}\"; 3 CMD shell {c:?}"),
            )
            .or(&LINE_OF_THE_END, format!("2 RUN shell \"{a} &&   {b}\"; 3 CMD shell {c:?}"))
            .or(&LINE_OF_THE_END, format!("1 RUN shell \"{a} &&   {b}\"; 2 CMD shell {c:?}")),
            any(
                is(LINES, format!("RUN {a}\\  \n{b}\nCMD {c}"), format!("1 RUN shell \"{a}{b}\"; 3 CMD shell {c:?}")),
                &BLANKS_BEHIND,
            )
            .or(&LINE_OF_THE_END, format!("2 RUN shell \"{a}{b}\"; 3 CMD shell {c:?}"))
            .or(&LINE_OF_THE_END, format!("1 RUN shell \"{a}{b}\"; 2 CMD shell {c:?}")),
            is(LINES, format!("RUN {a} \\"), format!("1 RUN shell {a:?}")),
            any(
                is(
                    LINES,
                    format!("# escape=`\nCOPY {a} C:\\\nRUN {b} `\n{c}"),
                    format!("2 COPY shell {:?}; 3 RUN shell \"{b} {c}\"", format!("{a} C:\\")),
                ),
                &ESCAPE_IGNORED,
            )
            // It ends with the escape character, too.
            .slip(&COMMENT_GOES_ON, Slip::Accepts)
            .or(&LINE_OF_THE_END, format!("2 COPY shell {:?}; 4 RUN shell \"{b} {c}\"", format!("{a} C:\\")))
            .or(&LINE_OF_THE_END, format!("1 COPY shell {:?}; 2 RUN shell \"{b} {c}\"", format!("{a} C:\\"))),
            is(
                LINES,
                format!("FROM {a}\n# escape=`\nRUN {b} \\\n{c}"),
                format!("1 FROM shell {a:?}; 3 RUN shell \"{b} {c}\""),
            )
            .or(&LINE_OF_THE_END, format!("1 FROM shell {a:?}; 4 RUN shell \"{b} {c}\""))
            .or(&LINE_OF_THE_END, format!("1 FROM shell {a:?}; 2 RUN shell \"{b} {c}\"")),
            any(is(COMMENTS, format!("# {a} \\\nRUN {b}"), format!("2 RUN shell {b:?}")), &COMMENT_GOES_ON)
                .or(&LINE_OF_THE_END, format!("1 RUN shell {b:?}")),
            any(
                is(
                    COMMENTS,
                    format!("RUN {a} \\\n  # why\n\n  {b} \\\n#\n  {c}"),
                    format!("1 RUN shell \"{a}   {b}   {c}\""),
                ),
                &COMMENT_INSIDE,
            )
            .or(&LINE_OF_THE_END, format!("6 RUN shell \"{a}   {b}   {c}\"")),
            any(is(COMMENTS, format!("RUN echo {a} # {b}"), format!("1 RUN shell \"echo {a} # {b}\"")), &HASH_ANYWHERE),
            any(
                is(FORMS, format!("CMD [\"{a}\", \"-c\", \"{b}\"]"), format!("1 CMD exec {:?}", [a, "-c", b])),
                &SPLIT_AT_COMMAS,
            ),
            any(
                is(FORMS, format!("CMD [\"{a}, {b}\", \"\\\"]\"]"), {
                    format!("1 CMD exec {:?}", [&format!("{a}, {b}"), "\"]"])
                }),
                &SPLIT_AT_COMMAS,
            ),
            any(is(FORMS, format!("CMD ['{a}']"), format!("1 CMD shell {:?}", format!("['{a}']"))), &ALMOST_JSON)
                .slip(&SPLIT_AT_COMMAS, Slip::Accepts)
                .slip(&ALMOST_JSON, Slip::Panics),
            any(
                is(FORMS, format!("RUN [ -e /{a} ] && {b}"), format!("1 RUN shell \"[ -e /{a} ] && {b}\"")),
                &ALMOST_JSON,
            )
            .slip(&SPLIT_AT_COMMAS, Slip::Accepts)
            .slip(&ALMOST_JSON, Slip::Panics),
            refused(format!("FROM {a}\nRUN\nCMD {b}")),
            refused(format!("FROM {a}\nR-N {b}")),
            refused(format!("{a}:\n")),
        ]
    }
}
