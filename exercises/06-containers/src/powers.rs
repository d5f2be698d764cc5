//! Exercise 6.8: drop capabilities permanently.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "6.8",
    name: "powers",
    title: "drop capabilities permanently",
    kind: Kind::Build,
    minutes: 30,
    difficulty: Difficulty::Medium,
    chapter: "06-containers",
    page: "06-containers/capabilities.md",
    shown_by: "run grep Cap /proc/self/status",
    needs_cgroups: false,
    hints: &[
        "The page's table shows what happens if you forget one of the five sets. \"observed\" shows the \
         lines Cap… of /proc/PID/status.",
        "Which set determines root's capabilities after the next execve? You change it with one call for \
         each capability, from 0 to the last one that *this* kernel knows. This call itself needs a \
         capability. So which sets must you change last?",
        "For each capability up to given::last_capability()? that isn't in `kept`, call \
         given::drop_from_bounding. Then call given::clear_ambient, and given::set_capabilities(kept, \
         kept, 0).",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    TOO_EARLY = Mistake::new("too-early",
        "The effective set is right, but then the kernel refused to change the bounding set.",
        "Changing the bounding set requires CAP_SETPCAP, which an earlier step has dropped. Change the \
         bounding set first.");
    BOUNDING_LEFT = Mistake::new("bounding-left",
        "The process has few capabilities, but its bounding set is still full.",
        "When user 0 executes a program, its permitted set becomes the whole bounding set. So the command \
         regains all capabilities.");
    OLD_LIST = Mistake::new("old-list",
        "A few capabilities with high numbers are still in the bounding set.",
        "New kernels have new capabilities, which a fixed list doesn't contain. Number 40 was added in Linux \
         5.9. Ask the kernel for its last capability.");
    PERMITTED_LEFT = Mistake::new("permitted-left",
        "The effective set is right, but the permitted set has more capabilities.",
        "The process can make a permitted capability effective again, with one system call.");
    HANDED_ON = Mistake::new("handed-on",
        "The inheritable or the ambient set isn't empty.",
        "The caller had capabilities in them. An ordinary user's programs keep the ambient set at execve. \
         Docker once didn't empty the inheritable set: CVE-2022-24769.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The process may not change its bounding set, but the function returned Ok.",
        "The command would run with dangerous capabilities.");
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

    const EFFECTIVE: &str = "the effective and the permitted set are `kept`";
    const BOUNDING: &str = "the bounding set is `kept`, so no program can gain more";
    const OTHERS: &str = "the inheritable and the ambient set are empty";
    const REFUSED: &str = "if the kernel refuses a step, the function returns an error with a context";

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
