//! Exercise 3.3: a part of the processors.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "3.3",
    name: "cpu",
    title: "a part of the processors",
    kind: Kind::Build,
    minutes: 20,
    difficulty: Difficulty::Easy,
    chapter: "03-cgroups",
    page: "03-cgroups/cpu.md",
    shown_by: "run --cpus 0.5 sh -c 'timeout 2 yes >/dev/null; times'",
    needs_cgroups: true,
    hints: &[
        "The kernel knows no share of a processor, only time: in each period of so many \
         microseconds, the processes of the group together may run for so many. Two processors are \
         twice the period.",
        "On v2 one file has both numbers, cpu.max: \"QUOTA PERIOD\". On v1 there are two, \
         cpu.cfs_quota_us and cpu.cfs_period_us. The period is 100000 usually, and so it is for \
         Docker.",
        "group.version(\"cpu\")? says which. (quota = cpus × period, as a whole number.) What \
         would the kernel make of a quota below zero, and of none? -1 is v1's word for no limit at \
         all.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    OTHER_VERSION = crate::mistakes::OTHER_VERSION;
    A_WEIGHT = Mistake::new("a-weight",
        "The group has another weight, and no limit.",
        "Weights (cpu.shares, cpu.weight) divide processors among groups that want more than there \
         is. Where nobody else wants it, a group gets all, whatever its weight. A limit is a quota: \
         it holds on an idle machine, too.");
    ANOTHER_UNIT = Mistake::new("another-unit",
        "There is a limit, and it is by the same factor too high or too low, whatever is asked \
         for.",
        "A quota is in microseconds, and so is a period. How many processors that is, is the \
         quotient of the two, and not the quota.");
    WHOLE_PROCESSORS = Mistake::new("whole-processors",
        "More than one processor comes out as a whole number of them.",
        "A quota may be more than its period: 150000 in 100000 is one and a half processors. Where \
         was the fraction cut off, or the number held below one?");
    NEGATIVE_IS_NONE = Mistake::new("negative-is-none",
        "Less than nothing was asked for; the function returned Ok, and the group has no limit.",
        "v1 takes a quota below zero as \"no limit\". So a sign in the wrong place would take the \
         limit away, and nobody would hear of it. The kernel refuses what is too small, but this is \
         for the function to refuse.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "There was no group, and the function returned Ok.",
        "The container would run without a limit.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! What the scheduler holds a group to.

    use anyhow::Result;
    use checker::{Judgement, Outcome, Program, Reply, random};

    use crate::groups::{Groups, Run, start, unjudged, until_hopeless, within_moments};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let runs = until_hopeless(Case::all(), |case| observe(program, case), |seen| &seen.run)?;
        Ok(judge(&runs).without(unjudged("cpu")))
    }

    /// How many processors are asked for, in thousandths.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        /// So few that a busy process is held up.
        Few(u32),
        /// More than one.
        Many(u32),
        /// Less than nothing, by very little.
        Negative,
        /// And the group isn't there.
        Gone,
    }

    impl Case {
        fn all() -> [Case; 4] {
            [Case::Few(random::within(31..80)), Case::Many(1000 + random::within(100..900)), Case::Negative, Case::Gone]
        }

        fn cpus(self) -> f64 {
            match self {
                Case::Few(thousandths) | Case::Many(thousandths) => f64::from(thousandths) / 1000.0,
                Case::Negative => -0.000_011,
                Case::Gone => 0.5,
            }
        }
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        limit: Limit,
        /// Whether the weight of the group has changed.
        weighted: bool,
        /// Whether the busy process in it was ever held up.
        held_up: bool,
    }

    /// As the files have it.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Limit {
        None,
        /// Microseconds, in each so many microseconds.
        Quota(f64, f64),
    }

    impl Limit {
        /// The processors that it comes to.
        fn cpus(self) -> Option<f64> {
            match self {
                Limit::Quota(quota, period) => Some(quota / period),
                Limit::None => None,
            }
        }
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let word = if case == Case::Gone { "gone" } else { "there" };
        let (mut running, groups) = start(program, &[&case.cpus().to_string(), word])?;
        let weight = weight(&groups);
        let reply = running.go_on()?;
        let limit = limit(&groups);
        let held_up = || groups.count("cpu", "cpu.stat", "cpu.stat", "nr_throttled").is_some_and(|times| times > 0);
        // For nothing: a limit is looked at when it is there, and one that isn't holds nobody up.
        let held_up = matches!(case, Case::Few(_)) && limit != Limit::None && within_moments(held_up);
        let weighted = self::weight(&groups) != weight;
        Ok(Observation { case, limit, weighted, held_up, run: Run::end(running, reply) })
    }

    fn weight(groups: &Groups) -> Option<String> {
        groups.either("cpu", "cpu.shares", "cpu.weight")
    }

    fn limit(groups: &Groups) -> Limit {
        let number = |text: Option<&str>| text.and_then(|text| text.trim().parse::<f64>().ok());
        let (quota, period) = if groups.is_v1("cpu") {
            let quota = groups.read("cpu", "cpu.cfs_quota_us");
            (number(quota.as_deref()), number(groups.read("cpu", "cpu.cfs_period_us").as_deref()))
        } else {
            let text = groups.read("cpu", "cpu.max").unwrap_or_default();
            let mut words = text.split(' ');
            (number(words.next()), number(words.next()))
        };
        match (quota, period) {
            (Some(quota), Some(period)) if quota > 0.0 => Limit::Quota(quota, period),
            _ => Limit::None,
        }
    }

    const PART: &str = "a small part of a processor is what the group gets";
    const HELD_UP: &str = "a busy process in it is held up";
    const MANY: &str = "more than one processor is so much more than one";
    const NEGATIVE: &str = "less than nothing is an error, and the group stays as it was";
    const GONE: &str = "without a group it is an error that says so";

    /// One run for each case; fewer, if one ended the program.
    fn judge(runs: &[Observation]) -> Judgement {
        let (few, many, negative, gone) = (run_of(runs, 0), run_of(runs, 1), run_of(runs, 2), run_of(runs, 3));
        let outcomes = vec![
            gets(PART, few, matches!(few.case, Case::Few(_))),
            held_up(few),
            gets(MANY, many, matches!(many.case, Case::Many(_))),
            refused(NEGATIVE, negative, negative.case == Case::Negative),
            refused(GONE, gone, gone.case == Case::Gone),
        ];
        // Not of those that are refused: that the answer says so is right.
        Judgement::new(outcomes, mistake(runs), [&few.run.printed, &many.run.printed])
    }

    /// It may never have come to that: then what came of the last run is what there is to say.
    fn run_of(runs: &[Observation], number: usize) -> &Observation {
        &runs[number.min(runs.len() - 1)]
    }

    /// Within a hundredth, or a microsecond of the quota.
    fn is_right(seen: &Observation) -> bool {
        let Limit::Quota(quota, period) = seen.limit else { return false };
        let wanted = seen.case.cpus() * period;
        (quota - wanted).abs() <= (wanted / 100.0).max(1.0)
    }

    fn in_words(limit: Limit) -> String {
        match limit {
            Limit::None => "no limit".into(),
            Limit::Quota(quota, period) => format!("{quota} µs in {period} µs: {:.3} processors", quota / period),
        }
    }

    fn gets(claim: &'static str, seen: &Observation, is_case: bool) -> Outcome {
        let expected = format!("{} processors", seen.case.cpus());
        seen.run.outcome(claim, is_case && is_right(seen), &expected, in_words(seen.limit))
    }

    fn held_up(seen: &Observation) -> Outcome {
        let observed = if seen.limit == Limit::None { "there is no limit" } else { "it never was" };
        seen.run.outcome(HELD_UP, seen.held_up, "nr_throttled in cpu.stat grows", observed.into())
    }

    fn refused(claim: &'static str, seen: &Observation, is_case: bool) -> Outcome {
        let kept = match seen.limit {
            Limit::Quota(..) if is_case => Err(in_words(seen.limit)),
            _ => Ok(()),
        };
        seen.run.refused(claim, is_case, kept)
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        if runs.len() < 4 || runs.iter().any(|seen| !seen.run.alive) {
            return None;
        }
        let (few, many, negative, gone) = (run_of(runs, 0), run_of(runs, 1), run_of(runs, 2), run_of(runs, 3));
        let about =
            |seen: &Observation, cpus: f64| seen.limit.cpus().is_some_and(|has| (has / cpus - 1.0).abs() < 0.02);
        let ok = |seen: &Observation| seen.run.reply == Reply::Ok;
        let scaled = |seen: &Observation| Some(seen.limit.cpus()? / seen.case.cpus());
        let same_factor = || {
            let (one, other) = (scaled(few)?, scaled(many)?);
            ((one / other - 1.0).abs() < 0.05 && (one - 1.0).abs() > 0.02).then_some(())
        };
        match () {
            () if few.run.missed_a_file() && many.run.missed_a_file() => Some(&OTHER_VERSION),
            () if ok(few) && few.limit == Limit::None && few.weighted => Some(&A_WEIGHT),
            () if ok(few) && ok(many) && same_factor().is_some() => Some(&ANOTHER_UNIT),
            () if ok(many) && (about(many, 1.0) || about(many, 2.0)) => Some(&WHOLE_PROCESSORS),
            () if !ok(few) || !ok(many) || !is_right(few) || !is_right(many) || !few.held_up => None,
            () if ok(negative) && negative.limit == Limit::None => Some(&NEGATIVE_IS_NONE),
            () if ok(negative) => None,
            () if ok(gone) => Some(&SWALLOWED_THE_ERROR),
            () if gone.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::groups::Run;

        /// What a right answer shows.
        fn right() -> Vec<Observation> {
            let refusal = Reply::Error(vec!["writing".into(), "No such file (os error 2)".into()]);
            let seen = |case: Case| {
                let is_right = matches!(case, Case::Few(_) | Case::Many(_));
                let limit = if is_right { Limit::Quota(case.cpus() * 100_000.0, 100_000.0) } else { Limit::None };
                let reply = if is_right { Reply::Ok } else { refusal.clone() };
                let run = Run { reply, alive: true, printed: String::new() };
                Observation { case, run, limit, weighted: false, held_up: matches!(case, Case::Few(_)) }
            };
            [Case::Few(50), Case::Many(1500), Case::Negative, Case::Gone].map(seen).to_vec()
        }

        fn judged(change: impl Fn(&mut [Observation])) -> (Vec<&'static str>, Option<&'static str>) {
            let mut runs = right();
            change(&mut runs);
            let judgement = judge(&runs);
            let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
            (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
        }

        #[test]
        fn a_file_of_the_other_version_is_told_apart() {
            let refused = Reply::Error(vec!["writing".into(), "Permission denied (os error 13)".into()]);
            let other = judged(|runs| {
                let few_and_many = runs.iter_mut().take(2);
                few_and_many.for_each(|seen| (seen.run.reply, seen.limit) = (refused.clone(), Limit::None));
            });
            assert_eq!(other.1, Some("other-version"));
            assert_eq!(judged(|runs| runs[1].run.reply = refused.clone()), (vec![MANY], None));
        }
    }
}
