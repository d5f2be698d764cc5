//! Exercise 7.5: find the running containers.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "7.5",
    name: "find_running",
    title: "find the running containers",
    kind: Kind::Repair,
    minutes: 35,
    difficulty: Difficulty::Medium,
    chapter: "07-daemon",
    page: "07-daemon/truth.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "When a process has ended, the kernel may give its pid to another process. Which value differs \
         between two processes with the same pid? It is in /proc/PID/stat, and in the record.",
        "Check two conditions for each record. Is it the same process (field 22, starttime)? Is it still \
         running (field 3, state, isn't Z)? A process that has ended stays in /proc until its parent \
         waits for it.",
        "Field 2 of stat is the name, in parentheses, and the process may call itself \") Z 1 (\". So \
         split at the *last* parenthesis: stat.rsplit_once(\") \"). After it, the state is the first word \
         and starttime the twentieth. Open the pidfd before you read stat.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    ANY_PROCESS = Mistake::new("any-process",
        "The function takes another process with the same pid for the container.",
        "The kernel has given the container's pid to another process. If the daemon now kills \"its\" \
         container, it kills this process. Compare the start time.");
    ENDED = Mistake::new("ended",
        "The function returns a container whose process has ended.",
        "The process is a zombie. Its pid and start time stay in /proc until its parent waits for it. Its \
         state is Z.");
    NAME_CONFUSES = Mistake::new("name-confuses",
        "The function doesn't find a container whose process has a blank or a parenthesis in its name.",
        "The second field of stat is the name, and a process can choose any name. If you split the whole line \
         at blanks, the fields are wrong. Split only the part after the last parenthesis.");
    GONE_IS_AN_ERROR = Mistake::new("gone-is-an-error",
        "The function fails if a container's process doesn't exist any more.",
        "This container doesn't run. Skip it, because there are other records.");
    ONE_STOPS_ALL = Mistake::new("one-stops-all",
        "The function fails if a record is damaged.",
        "After a crash, a file may be empty. If the daemon doesn't start because of it, nobody can manage the \
         other containers.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The directory can't be read, but the function returned Ok.",
        "The caller believes that there are no containers.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! The pidfds that the function has returned, as the kernel shows them.

    use std::collections::BTreeSet;
    use std::fs;

    use anyhow::Result;
    use checker::processes::named;
    use checker::view::{list, new_place, path_of, word};
    use checker::{Judgement, Program, Reply, Run, random, until_hopeless};
    use lab::Lab;

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        Ok(judge(&until_hopeless(Case::ALL, |case| observe(program, case), |seen| &seen.run)?))
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        /// Records of all kinds of processes.
        Whole,
        /// And one that can't be read.
        Damaged,
        /// There is no directory.
        Nowhere,
    }

    impl Case {
        const ALL: [Case; 3] = [Case::Whole, Case::Damaged, Case::Nowhere];
    }

    #[derive(Debug, Clone)]
    struct Observation {
        run: Run,
        case: Case,
        /// The records whose process a pidfd is of, and those of another process.
        found: BTreeSet<&'static str>,
        wrong: Vec<String>,
    }

    /// The kinds of records: the process runs; runs under an odd name; another one has its number; it
    /// has ended; there is none.
    const KINDS: [&str; 5] = ["runs", "odd", "reused", "zombie", "gone"];

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let place = new_place();
        let salt = format!("{:05x}", random::within(0..0x10_0000));
        let mut running = program.start(Lab::new(), &[word(&place), &format!("{case:?}"), &salt])?;
        let (init, main) = (running.init(), running.main());
        let reply = running.go_on()?;
        let (mut found, mut wrong) = (BTreeSet::new(), Vec::new());
        for line in fs::read_to_string(path_of(main, place.join("found"))).unwrap_or_default().lines() {
            let (name, descriptor) = line.split_once(' ').unwrap_or_default();
            let process = process_of(main, descriptor);
            let is_its = |kind: &&&str| {
                let comm = if **kind == "odd" { format!(") Z 1 ({salt}") } else { format!("{kind}-{salt}") };
                name == format!("{kind}-{salt}") && process.is_some_and(|pid| named(init, &comm).contains(&pid))
            };
            match KINDS.iter().find(is_its) {
                Some(kind) => drop(found.insert(*kind)),
                None => wrong.push(format!("{name}, which is {process:?}")),
            }
        }
        Ok(Observation { case, found, wrong, run: Run::end(running, reply) })
    }

    /// The process that a pidfd of another process's is of.
    fn process_of(holder: i32, descriptor: &str) -> Option<i32> {
        let text = fs::read_to_string(format!("/proc/{holder}/fdinfo/{descriptor}")).ok()?;
        text.lines().find_map(|line| line.strip_prefix("Pid:"))?.trim().parse().ok()
    }

    const FOUND: &str = "a running container is found, with a pidfd of its process";
    const ODD: &str = "a running container is found even if its process has an odd name";
    const REUSED: &str = "a process that only has the same pid isn't returned";
    const ENDED_CLAIM: &str = "a process that has ended isn't returned, even if its pid is still in /proc";
    const DAMAGED: &str = "a damaged record doesn't hide the others";
    const REFUSED: &str = "if the directory can't be read, the function returns an error with a context";

    fn judge(runs: &[Observation]) -> Judgement {
        let (last, of) = (&runs[runs.len() - 1], |case: Case| runs.iter().find(|seen| seen.case == case));
        let (whole, damaged) = (of(Case::Whole).unwrap_or(last), of(Case::Damaged).unwrap_or(last));
        let outcome = |claim, seen: &Observation, holds: bool, expected: &str| {
            seen.run.outcome(claim, holds, expected, seen.in_words())
        };
        let has = |kind: &str| whole.found.contains(kind);
        let outcomes = vec![
            outcome(FOUND, whole, has("runs") && whole.wrong.is_empty(), "runs is found"),
            outcome(ODD, whole, has("odd"), "odd is found"),
            outcome(REUSED, whole, has("runs") && !has("reused"), "reused isn't found"),
            outcome(ENDED_CLAIM, whole, has("runs") && !has("zombie"), "zombie isn't found"),
            outcome(DAMAGED, damaged, damaged.case == Case::Damaged && damaged.found.contains("runs"), "runs is found"),
            of(Case::Nowhere).unwrap_or(last).run.refused(REFUSED, last.case == Case::Nowhere, Ok(())),
        ];
        Judgement::new(outcomes, mistake(runs), runs.iter().map(|seen| &seen.run.printed))
    }

    impl Observation {
        fn in_words(&self) -> String {
            let found: Vec<&str> = self.found.iter().copied().collect();
            let wrong = self.wrong.iter().map(|wrong| format!("; and {wrong}")).collect::<String>();
            format!("found: {}{wrong}", list(&found))
        }

        fn failed(&self) -> bool {
            matches!(self.run.reply, Reply::Error(_))
        }
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let [whole, damaged, nowhere] = runs else { return None };
        if runs.iter().any(|seen| !seen.run.alive || !seen.wrong.is_empty()) {
            return None;
        }
        let has = |kind: &str| whole.found.contains(kind);
        match () {
            () if whole.failed() && damaged.failed() => Some(&GONE_IS_AN_ERROR),
            () if whole.failed() || !has("runs") || has("gone") => None,
            () if has("reused") => Some(&ANY_PROCESS),
            () if has("zombie") => Some(&ENDED),
            () if !has("odd") => Some(&NAME_CONFUSES),
            () if damaged.failed() => Some(&ONE_STOPS_ALL),
            () if damaged.found != whole.found => None,
            () if nowhere.run.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if nowhere.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
