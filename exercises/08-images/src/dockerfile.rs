//! Exercise 8.4: parse a Dockerfile.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "8.4",
    name: "dockerfile",
    title: "parse a Dockerfile",
    kind: Kind::Build,
    minutes: 35,
    difficulty: Difficulty::Medium,
    chapter: "08-images",
    page: "08-images/dockerfile.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "First join lines to complete instructions, then split each one into its parts. For the first step \
         you need a variable with the incomplete instruction and the number of its first line.",
        "For each line: is it empty or a comment (also in the middle of an instruction)? If not, does the \
         instruction continue? line.trim_end().strip_suffix(escape) checks this and removes the character. \
         At the end of the text, an instruction may still be incomplete.",
        "str::lines also handles \\r\\n. split_once(char::is_whitespace) returns the name and the rest. If \
         serde_json::from_str::<Vec<String>> fails, the arguments have the shell form. This isn't an error.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    ESCAPE_IGNORED = Mistake::new("escape-ignored",
        "# escape=` in the first line has no effect.",
        "This comment is a directive. Dockerfiles for Windows use it, because paths there contain \
         backslashes.");
    COMMENT_GOES_ON = Mistake::new("comment-goes-on",
        "The instruction after a comment that ends with a backslash is lost.",
        "A comment is always a single line. Check for comments before you check for the escape character.");
    COMMENT_INSIDE = Mistake::new("comment-inside",
        "A comment between the lines of an instruction became part of the instruction.",
        "The newlines are removed, so the shell would ignore everything after the #. A part of the command \
         wouldn't run, without an error.");
    HASH_ANYWHERE = Mistake::new("hash-anywhere",
        "The function took a # in the middle of a line for a comment.",
        "In a Dockerfile, only a line that begins with # is a comment. Other # characters belong to the \
         command.");
    BLANKS_BEHIND = Mistake::new("blanks-behind",
        "A backslash with a blank after it doesn't continue the instruction.",
        "Blanks at the end of a line are invisible, so Docker ignores them. Remove them before you check for \
         the backslash.");
    LINE_OF_THE_END = Mistake::new("line-of-the-end",
        "The line number of an instruction isn't that of its first line.",
        "Error messages contain this number. Store it when the instruction begins. Comments and empty lines \
         also count.");
    AS_WRITTEN = Mistake::new("as-written",
        "The name run wasn't converted to RUN.",
        "The names of instructions may be written in lower or upper case. Convert them to capitals.");
    SPLIT_AT_COMMAS = Mistake::new("split-at-commas",
        "The exec form was split at each comma, or kept its quotes or backslashes.",
        "The exec form is JSON: commas, quotes and brackets may be part of a string. Use serde_json.");
    ALMOST_JSON = Mistake::new("almost-json",
        "Arguments in brackets that aren't JSON were refused, or treated as the exec form.",
        "['ls'] has the wrong quotes. Docker passes it to a shell, which prints \"[ls]: not found\". This \
         surprises many people, but [ -e /x ] && y is a valid command too.");
    TAKES_ALL = Mistake::new("takes-all",
        "The function accepts a line that isn't an instruction.",
        "Return an error with the number of the line.");
    PANICS = Mistake::new("panics",
        "The function panics for an invalid Dockerfile.",
        "The text is untrusted. split_once returns an Option: for None, return an error with the line's \
         number.");
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

    const PARTS: &str = "an instruction has its line number, its name in capitals, and its arguments";
    const LINES: &str = "after a line with the escape character, the instruction continues";
    const COMMENTS: &str = "a line that begins with # is ignored; any other # isn't a comment";
    const FORMS: &str = "a JSON array of strings is the exec form, anything else the shell form";
    const REFUSED: &str = "for a line that isn't an instruction, the function returns an error";

    fn cases() -> Vec<Case> {
        let word = || format!("w{}", random::within(0..1_000_000));
        let (a, b, c) = (&word(), &word(), &word());
        let is = |claim, text: String, expected: String| {
            let shown = format!("{text:?}");
            Case::expects(claim, text, expected).displayed_as(shown)
        };
        let any = |case: Case, mistake| case.slip(mistake, Slip::Accepts).slip(mistake, Slip::Refuses);
        let refused = |text: String| {
            let shown = format!("{text:?}");
            let case = Case::refused(REFUSED, text).displayed_as(shown);
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
