//! Exercise 6.3: write a log with rotation.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "6.3",
    name: "json_log",
    title: "write a log with rotation",
    kind: Kind::Build,
    minutes: 35,
    difficulty: Difficulty::Medium,
    chapter: "06-containers",
    page: "06-containers/logs.md",
    shown_by: "logs -f boat   # after run -d --name boat",
    needs_cgroups: false,
    hints: &[
        "Each line of the file is one JSON object, so the text must not end the string or the line. Which \
         three kinds of characters must be escaped in a JSON string? (RFC 8259, section 7)",
        "Check first whether the file would be too long *with* this line. If so, rename log to log.1. But \
         before that, rename log.1 to log.2, and so on. Begin with the oldest file, or each rename \
         overwrites the next file.",
        "An empty file accepts a line of any length. With max_files = 1 there is no log.1, and the file is \
         emptied. In a string, write \\\" and \\\\, and format!(\"\\\\u{:04x}\", …) for all characters \
         below 0x20.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    NOT_ESCAPED = Mistake::new("not-escaped",
        "A text with quotes or backslashes makes the line invalid.",
        "The text comes from the container, which may write any bytes, even `\",\"stream\":\"`. \
         Write a backslash before both characters.");
    CONTROL_CHARACTERS = Mistake::new("control-characters",
        "Quotes are escaped, but a control character makes the line invalid.",
        "Escape all characters below 0x20, not only newlines. For example, escape sequences for colours begin \
         with 0x1b.");
    SHIFTED_WRONG = Mistake::new("shifted-wrong",
        "After a few rotations, files are missing.",
        "If you first rename log to log.1, the old log.1 is overwritten. Rename the oldest file first.");
    ONE_TOO_MANY = Mistake::new("one-too-many",
        "There is one file more than max_files.",
        "max_files includes the current file.");
    TOO_LATE = Mistake::new("too-late",
        "A file is longer than the limit.",
        "Before you write a line, check whether the file would be too long with it.");
    EMPTIED = Mistake::new("emptied",
        "When the file is full, all earlier lines are lost.",
        "This is right only for max_files = 1. With a larger number, keep the previous files under other \
         names.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The log couldn't be written, but the function returned Ok.",
        "Lines are lost without an error.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! The files, as they are after many lines.

    use std::fs;

    use anyhow::Result;
    use checker::view::{list, names, new_place, path_of, word};
    use checker::{Judgement, Outcome, Program, Reply, Run, random, until_hopeless};
    use lab::Lab;
    use serde_json::Value;

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        Ok(judge(&until_hopeless(Case::ALL, |case| observe(program, case), |seen| &seen.run)?))
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        Quotes,
        Controls,
        Rotates,
        OneFile,
        /// The directory is missing.
        Nowhere,
    }

    impl Case {
        const ALL: [Case; 5] = [Case::Quotes, Case::Controls, Case::Rotates, Case::OneFile, Case::Nowhere];
    }

    /// (stream, text, time)
    type Line = (String, String, String);

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        limit: usize,
        files: usize,
        wrote: Vec<Line>,
        /// The files, newest first, each as its lines.
        found: Vec<Vec<String>>,
        names: Vec<String>,
    }

    fn lines(case: Case) -> Vec<Line> {
        let number = || random::within(0..1_000_000);
        let line = |text: String| {
            let stream = if number() % 2 == 0 { "stdout" } else { "stderr" };
            (stream.to_string(), text, format!("2026-11-29T01:11:46.{:06}Z", number()))
        };
        match case {
            Case::Quotes => vec![
                line(format!("a \"quoted\" \\ {}\n", number())),
                line(format!("\",\"stream\":\"{}\\n", number())),
                line("grüße, 🚢\n".into()),
            ],
            Case::Controls => vec![
                line(format!("\u{1b}[31mred {}\u{1b}[0m\n", number())),
                line("two\nlines\r\n\ttab\u{0}\u{1f}\u{7f}\n".into()),
                line("no newline".into()),
            ],
            Case::Rotates | Case::OneFile => {
                (0..30).map(|_| line(format!("{}\n", "x".repeat(random::within(0..70) as usize)))).collect()
            }
            Case::Nowhere => vec![line("lost\n".into())],
        }
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let place = new_place();
        let rotates = matches!(case, Case::Rotates | Case::OneFile);
        let limit = if rotates { random::within(300..700) as usize } else { 1 << 20 };
        let files = match case {
            Case::Rotates => random::within(3..5) as usize,
            _ => 1,
        };
        let wrote = lines(case);
        let texts: Vec<String> =
            wrote.iter().map(|(stream, text, time)| format!("{stream}\u{1f}{time}\u{1f}{}", hex(text))).collect();
        let there = if case == Case::Nowhere { "missing" } else { "there" };
        let (limit_word, files_word) = (limit.to_string(), files.to_string());
        let mut arguments = vec![word(&place), there, &limit_word, &files_word];
        arguments.extend(texts.iter().map(String::as_str));
        let mut running = program.start(Lab::new(), &arguments)?;
        let main = running.main();
        let reply = running.go_on()?;
        let directory = path_of(main, &place);
        let name = |number: usize| if number == 0 { "log".to_string() } else { format!("log.{number}") };
        let read = |number| fs::read_to_string(directory.join(name(number))).ok();
        let found = (0..20).map_while(read).map(|text| text.lines().map(ToString::to_string).collect()).collect();
        let names = names(&directory);
        Ok(Observation { case, limit, files, wrote, found, names, run: Run::end(running, reply) })
    }

    /// No argument of a program can have a NUL in it.
    fn hex(text: &str) -> String {
        text.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    impl Observation {
        /// Lines in the files, the oldest first; `None`: one of them is no such object.
        fn parsed(&self) -> Option<Vec<Line>> {
            let one = |line: &String| {
                let object: Value = serde_json::from_str(line).ok()?;
                let field = |name| object.get(name).and_then(Value::as_str).map(ToString::to_string);
                (object.as_object()?.len() == 3).then_some(())?;
                Some((field("stream")?, field("log")?, field("time")?))
            };
            self.found.iter().rev().flatten().map(one).collect()
        }

        /// What is kept is the end of what was written, without a gap.
        fn is_its_end(&self) -> bool {
            self.parsed().is_some_and(|lines| !lines.is_empty() && self.wrote.ends_with(&lines))
        }

        fn sizes(&self) -> Vec<usize> {
            self.found.iter().map(|lines| lines.iter().map(|line| line.len() + 1).sum()).collect()
        }

        /// The first line of a newer file would have fitted into the older one.
        fn early(&self) -> bool {
            let (sizes, files) = (self.sizes(), &self.found);
            let newer = |number: usize| files[number].first().map_or(0, |line| line.len() + 1);
            (1..files.len()).any(|number| sizes[number] + newer(number - 1) <= self.limit)
        }
    }

    const FORMAT: &str = "each line is a JSON object with log, stream and time, for any output of the container";
    const GAPLESS: &str = "the last lines are kept, in order and without a gap";
    const LIMIT: &str = "no file is longer than the limit, and none is ended too early";
    const FILES: &str = "the last max_files files are kept: log, log.1, and so on";
    const REFUSED: &str = "if the log can't be written, the function returns an error with a context";

    fn judge(runs: &[Observation]) -> Judgement {
        let of = |cases: &[Case]| {
            let chosen: Vec<Observation> = runs.iter().filter(|seen| cases.contains(&seen.case)).cloned().collect();
            // It never came to that: what came of the last run is what there is to say.
            if chosen.is_empty() { runs.last().cloned().into_iter().collect() } else { chosen }
        };
        let rotating = of(&[Case::Rotates, Case::OneFile]);
        let outcomes = vec![
            Outcome::first_failing(&of(&[Case::Quotes, Case::Controls]), |seen| {
                let holds = seen.parsed().as_ref() == Some(&seen.wrote);
                let first = seen.found.first().and_then(|lines| lines.first()).cloned().unwrap_or_default();
                let (text, expected) = (&seen.wrote[0].1, seen.wrote.len());
                seen.run.outcome(FORMAT, holds, &format!("{expected} objects; the first has log {text:?}"), first)
            }),
            Outcome::first_failing(&rotating, |seen| {
                let kept: usize = seen.found.iter().map(Vec::len).sum();
                let observed = format!("the {kept} lines that are there aren't the last {kept}");
                seen.run.outcome(GAPLESS, seen.is_its_end(), "the end of what was written", observed)
            }),
            Outcome::first_failing(&rotating, |seen| {
                let sizes = seen.sizes();
                let holds = sizes.iter().all(|size| *size <= seen.limit) && !seen.early();
                seen.run.outcome(LIMIT, holds, &format!("up to {} bytes", seen.limit), format!("{sizes:?}"))
            }),
            Outcome::first_failing(&rotating, |seen| {
                let holds = seen.names.len() == seen.files && seen.found.len() == seen.files;
                seen.run.outcome(FILES, holds, &format!("{} of them", seen.files), list(&seen.names))
            }),
            Outcome::first_failing(&of(&[Case::Nowhere]), |seen| {
                seen.run.refused(REFUSED, seen.case == Case::Nowhere, Ok(()))
            }),
        ];
        let printed = runs.iter().map(|seen| &seen.run.printed);
        Judgement::new(outcomes, mistake(runs), printed)
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let [quotes, controls, rotates, _, nowhere] = runs else { return None };
        let written = |seen: &Observation| seen.run.alive && seen.run.reply == Reply::Ok;
        if !runs[..4].iter().all(written) || !nowhere.run.alive {
            return None;
        }
        let right = |seen: &Observation| seen.parsed().as_ref() == Some(&seen.wrote);
        match () {
            () if !right(quotes) && quotes.parsed().is_none() => Some(&NOT_ESCAPED),
            () if !right(quotes) => None,
            () if !right(controls) && controls.parsed().is_none() => Some(&CONTROL_CHARACTERS),
            () if !right(controls) => None,
            () if rotates.names.len() > rotates.files => Some(&ONE_TOO_MANY),
            () if rotates.names.len() == 1 && rotates.is_its_end() => Some(&EMPTIED),
            () if rotates.names.len() < rotates.files => Some(&SHIFTED_WRONG),
            () if !rotates.is_its_end() => None,
            () if rotates.sizes().iter().any(|size| *size > rotates.limit) => Some(&TOO_LATE),
            () if nowhere.run.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if nowhere.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
