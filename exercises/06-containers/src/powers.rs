//! Exercise 6.8: fewer powers, for good.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "6.8",
    name: "powers",
    title: "fewer powers, for good",
    kind: Kind::Build,
    minutes: 30,
    difficulty: Difficulty::Medium,
    chapter: "06-containers",
    page: "06-containers/capabilities.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "The page's table of the five sets says what comes of each that is forgotten. \"observed\" \
         are the lines Cap… of /proc/PID/status.",
        "Which set decides what root has after the next execve? It is changed by one call for each \
         capability, from 0 up to the last that *this* kernel knows; and that call needs a \
         capability itself. So which set comes last?",
        "for each capability up to given::last_capability()? that isn't in `kept`: \
         given::drop_from_bounding. Then given::clear_ambient, and given::set_capabilities(kept, \
         kept, 0).",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    TOO_EARLY = Mistake::new("too-early",
        "The effective set is right, and then the kernel refused to shrink the bounding set.",
        "To shrink it needs CAP_SETPCAP, which the step before had just taken away. What needs a \
         power comes before the power goes.");
    BOUNDING_LEFT = Mistake::new("bounding-left",
        "The process has few capabilities now, and its bounding set is full.",
        "When user 0 executes a program, its permitted set becomes everything within the bounding \
         set. The command is executed next, and has all of it back.");
    OLD_LIST = Mistake::new("old-list",
        "A few capabilities with high numbers are left in the bounding set.",
        "A list in a program is as old as the program, and kernels get new capabilities: number 40 \
         came with Linux 5.9. Ask the kernel how many it knows.");
    PERMITTED_LEFT = Mistake::new("permitted-left",
        "The effective set is right; the permitted set has more.",
        "What is permitted can be made effective again, by one call, whenever the process wants.");
    HANDED_ON = Mistake::new("handed-on",
        "The inheritable or the ambient set isn't empty.",
        "The caller had something in them, and programs that are executed by an ordinary user keep \
         what is ambient. Docker had left the inheritable set filled: CVE-2022-24769.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The process had no power to shrink its bounding set, and the function returned Ok.",
        "The command would run with powers that nobody wanted.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! The capability sets of a process.

    use anyhow::{Context, Result};
    use checker::{Judgement, Outcome, Program, Reply, Run, random, until_hopeless};
    use lab::observe::{Capabilities, capabilities};
    use lab::{Lab, observe};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let runs = until_hopeless([Case::All, Case::None], |case| observe(program, case), |seen| &seen.run)?;
        Ok(judge(&runs))
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        /// The process has all capabilities, one of them ambient.
        All,
        /// It has none, and a full bounding set.
        None,
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        kept: u64,
        sets: Capabilities,
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        // Without SETPCAP (8), so that the order is seen; and without the highest.
        let kept = u64::from(random::within(1..u32::MAX)) & !(1 << 8);
        let word = if case == Case::All { "all" } else { "none" };
        let mut running = program.start(Lab::new(), &[&kept.to_string(), word])?;
        let main = running.main();
        let reply = running.go_on()?;
        let nothing = Capabilities { inheritable: 0, permitted: 0, effective: 0, bounding: 0, ambient: 0 };
        let sets =
            if observe::process_exists(main) { capabilities(main).context("after the answer")? } else { nothing };
        Ok(Observation { case, kept, sets, run: Run::end(running, reply) })
    }

    const EFFECTIVE: &str = "the process has what is to be kept, effective and permitted";
    const BOUNDING: &str = "no program that it executes can have more: the bounding set is the same";
    const OTHERS: &str = "the inheritable and the ambient set are empty";
    const REFUSED: &str = "a process without the power to do so gets an error that says so";

    fn judge(runs: &[Observation]) -> Judgement {
        let (all, last) = (&runs[0], &runs[runs.len() - 1]);
        let outcomes = vec![effective(all), bounding(all), others(all), refused(last)];
        Judgement::new(outcomes, mistake(runs), [&all.run.printed])
    }

    fn effective(seen: &Observation) -> Outcome {
        let (kept, sets) = (seen.kept, seen.sets);
        let holds = sets.effective == kept && sets.permitted == kept;
        let observed = format!("CapEff is {:016x}, CapPrm is {:016x}", sets.effective, sets.permitted);
        seen.run.outcome(EFFECTIVE, holds, &format!("both are {kept:016x}"), observed)
    }

    fn bounding(seen: &Observation) -> Outcome {
        let expected = format!("CapBnd is {:016x}", seen.kept);
        let observed = format!("CapBnd is {:016x}", seen.sets.bounding);
        seen.run.outcome(BOUNDING, seen.sets.bounding == seen.kept, &expected, observed)
    }

    fn others(seen: &Observation) -> Outcome {
        let sets = seen.sets;
        let observed = format!("CapInh is {:016x}, CapAmb is {:016x}", sets.inheritable, sets.ambient);
        seen.run.outcome(OTHERS, sets.inheritable | sets.ambient == 0, "both are 0", observed)
    }

    fn refused(seen: &Observation) -> Outcome {
        seen.run.refused(REFUSED, seen.case == Case::None, Ok(()))
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let [all, none] = runs else { return None };
        if !all.run.alive || !none.run.alive {
            return None;
        }
        let (kept, sets) = (all.kept, all.sets);
        let few = sets.effective == kept;
        match &all.run.reply {
            Reply::Error(_) if few && sets.bounding != kept => return Some(&TOO_EARLY),
            Reply::Ok => {}
            _ => return None,
        }
        let above = !((1 << 32) - 1);
        match () {
            () if few && sets.permitted != kept && sets.bounding == kept => Some(&PERMITTED_LEFT),
            () if !few || sets.permitted != kept => None,
            () if sets.bounding != kept && sets.bounding & above == sets.bounding ^ kept => Some(&OLD_LIST),
            () if sets.bounding != kept => Some(&BOUNDING_LEFT),
            () if sets.inheritable | sets.ambient != 0 => Some(&HANDED_ON),
            () if none.run.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if none.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
