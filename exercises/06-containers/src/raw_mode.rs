//! Exercise 6.4: use a terminal in raw mode, and restore it.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "6.4",
    name: "raw_mode",
    title: "use a terminal in raw mode, and restore it",
    kind: Kind::Build,
    minutes: 25,
    difficulty: Difficulty::Medium,
    chapter: "06-containers",
    page: "06-containers/terminals.md",
    shown_by: "run -it sh",
    needs_cgroups: false,
    hints: &[
        "`stty -a` shows a terminal's settings, and `stty raw; stty -a; stty sane` shows what raw mode \
         changes. Afterwards the terminal must have its own former settings, not the usual ones. For \
         example, some people use a different key for Backspace.",
        "`work` can end in three ways: with Ok, with an error, or with a panic. A `?` or a panic leaves the \
         function before a later line can restore the settings. Which code does Rust run in all three cases?",
        "In nix::sys::termios, use tcgetattr, cfmakeraw on a copy, and tcsetattr. Make a struct with the \
         terminal and the old settings before you call `work`. Its Drop restores the settings.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    NEVER_RAW = Mistake::new("never-raw",
        "While `work` runs, the terminal isn't in raw mode.",
        "cfmakeraw only changes a structure in memory. tcsetattr applies it to the terminal.");
    HALF_RAW = Mistake::new("half-raw",
        "Echo and line editing are off, but the terminal still handles some keys.",
        "Ctrl-C would end the client and not the program in the container. Ctrl-S would stop the output. \
         Enter would arrive as a different character. cfmakeraw(3) changes all settings that are needed.");
    STAYS_RAW = Mistake::new("stays-raw",
        "Afterwards the terminal is still in raw mode.",
        "In the user's shell, there is no echo and Enter has no effect. Restore the former settings.");
    RAW_AFTER_AN_ERROR = Mistake::new("raw-after-an-error",
        "After an error of `work`, the terminal stays in raw mode.",
        "A `?` leaves the function at once, so the lines after it don't run.");
    RAW_AFTER_A_PANIC = Mistake::new("raw-after-a-panic",
        "After a panic of `work`, the terminal stays in raw mode.",
        "A panic also leaves the function at once. Only the Drop of existing values runs.");
    NOT_AS_IT_WAS = Mistake::new("not-as-it-was",
        "Afterwards the terminal works, but some of its settings have changed.",
        "Users have different settings. Restore the settings that tcgetattr returned.");
    SWALLOWED_THE_ERROR = exercise::swallowed!("The file wasn't a terminal, but the function returned Ok.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! A terminal's settings, while it is lent and afterwards.

    use std::fs::File;
    use std::os::unix::fs::OpenOptionsExt;
    use std::time::Duration;

    use anyhow::{Context, Result};
    use checker::processes::{eventually, name};
    use checker::{Judgement, Outcome, Program, Reply, Run, random, until_hopeless};
    use lab::{Lab, observe};
    use nix::sys::signal::{Signal, kill};
    use nix::sys::termios::{InputFlags, LocalFlags, OutputFlags, Termios, tcgetattr};
    use nix::unistd::Pid;

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        Ok(judge(&until_hopeless(Case::ALL, |case| observe(program, case), |seen| &seen.run)?))
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        Ok,
        Error,
        Panic,
        /// What is lent is no terminal.
        None,
    }

    impl Case {
        const ALL: [Case; 4] = [Case::Ok, Case::Error, Case::Panic, Case::None];
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        number: i32,
        before: Option<Termios>,
        during: Option<Termios>,
        after: Option<Termios>,
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let number = random::within(3..100) as i32;
        let erase = random::within(1..26);
        let how = format!("{case:?}");
        let mut running = program.start(Lab::new(), &[&how, &number.to_string(), &erase.to_string()])?;
        let main = running.main();
        let before = if case == Case::None { None } else { Some(settings(main).context("the terminal's settings")?) };
        running.call();
        let works = || name(main).as_deref() == Some("works");
        eventually(Duration::from_secs(1), || works() || !observe::process_exists(main));
        let during = if works() { settings(main).ok() } else { None };
        if works() {
            let _ = kill(Pid::from_raw(main), Signal::SIGUSR1);
        }
        let reply = running.wait_for_return(Duration::from_secs(2))?;
        let after = settings(main).ok();
        Ok(Observation { case, number, before, during, after, run: Run::end(running, reply) })
    }

    /// Of the terminal that the program has open, opened once more.
    fn settings(pid: i32) -> Result<Termios> {
        let open = observe::open_fds(pid)?;
        let terminal =
            open.iter().find(|(number, file)| **number > 2 && file.starts_with("/dev/pts") && !file.ends_with("ptmx"));
        let (number, _) = terminal.context("no terminal is open")?;
        let mut options = File::options();
        let file = options.read(true).custom_flags(libc::O_NOCTTY).open(format!("/proc/{pid}/fd/{number}"))?;
        Ok(tcgetattr(file)?)
    }

    const RAW: &str = "while `work` runs the terminal is raw: no echo, no lines, no signals, nothing is translated";
    const BACK: &str = "afterwards the terminal has its former settings";
    const ERROR: &str = "it has them also after an error of `work`";
    const PANIC: &str = "it has them also after a panic of `work`";
    const RESULT: &str = "the function returns the result of `work`";
    const REFUSED: &str = "if the file isn't a terminal, the function returns an error with a context";

    fn judge(runs: &[Observation]) -> Judgement {
        let (last, of) = (&runs[runs.len() - 1], |case: Case| runs.iter().find(|seen| seen.case == case));
        let of = |case| of(case).unwrap_or(last);
        let back = |claim, case, returned: fn(&Reply) -> bool| {
            let seen = of(case);
            let observed = if returned(&seen.run.reply) { difference(seen) } else { seen.run.reply.in_words() };
            let holds = seen.run.alive && seen.case == case && seen.is_back() && returned(&seen.run.reply);
            Outcome::new(claim, holds, "the same settings", observed)
        };
        let result = {
            let seen = of(Case::Ok);
            let expected = Reply::Number(seen.number);
            Outcome::new(RESULT, seen.run.reply == expected, expected.in_words(), seen.run.reply.in_words())
        };
        let outcomes = vec![
            raw(of(Case::Ok)),
            back(BACK, Case::Ok, |reply| matches!(reply, Reply::Number(_))),
            back(ERROR, Case::Error, |reply| matches!(reply, Reply::Error(_))),
            back(PANIC, Case::Panic, |reply| matches!(reply, Reply::Number(_))),
            result,
            of(Case::None).run.refused(REFUSED, last.case == Case::None, Ok(())),
        ];
        // A panic's own message is right where `work` panics.
        Judgement::new(outcomes, mistake(runs), [&runs[0].run.printed])
    }

    /// What is on and would be off in raw mode.
    fn left_on(settings: &Termios) -> Vec<&'static str> {
        let input = InputFlags::ICRNL | InputFlags::IXON;
        let flags = [
            ("ECHO", settings.local_flags.contains(LocalFlags::ECHO)),
            ("ICANON", settings.local_flags.contains(LocalFlags::ICANON)),
            ("ISIG", settings.local_flags.contains(LocalFlags::ISIG)),
            ("ICRNL or IXON", settings.input_flags.intersects(input)),
            ("OPOST", settings.output_flags.contains(OutputFlags::OPOST)),
        ];
        flags.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect()
    }

    fn raw(seen: &Observation) -> Outcome {
        let on = seen.during.as_ref().map(left_on);
        let observed = match &on {
            None => format!("`work` was never called; {}", seen.run.reply.in_words()),
            Some(on) => format!("still on: {}", on.join(", ")),
        };
        Outcome::new(
            RAW,
            on.is_some_and(|on| on.is_empty()),
            "ECHO, ICANON, ISIG, ICRNL, IXON, OPOST are off",
            observed,
        )
    }

    impl Observation {
        fn is_back(&self) -> bool {
            self.before.is_some() && self.before == self.after
        }

        fn stays_raw(&self) -> bool {
            self.after.as_ref().is_some_and(|settings| left_on(settings).is_empty())
        }
    }

    fn difference(seen: &Observation) -> String {
        match () {
            () if seen.stays_raw() => "it is raw".into(),
            () if seen.is_back() => "the same settings".into(),
            () => "other settings".into(),
        }
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let [ok, error, panic, none] = runs else { return None };
        if runs.iter().any(|seen| !seen.run.alive) || ok.run.reply != Reply::Number(ok.number) {
            return None;
        }
        let on = ok.during.as_ref().map(left_on)?;
        match () {
            () if on.len() == 5 => Some(&NEVER_RAW),
            () if !on.is_empty() && ok.is_back() => Some(&HALF_RAW),
            () if !on.is_empty() => None,
            () if ok.stays_raw() => Some(&STAYS_RAW),
            () if !ok.is_back() => Some(&NOT_AS_IT_WAS),
            () if error.stays_raw() => Some(&RAW_AFTER_AN_ERROR),
            () if panic.stays_raw() => Some(&RAW_AFTER_A_PANIC),
            () if !error.is_back() || !panic.is_back() => None,
            () if matches!(none.run.reply, Reply::Number(_)) => Some(&SWALLOWED_THE_ERROR),
            () if none.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
