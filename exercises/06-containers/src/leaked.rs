//! Exercise 6.5b: attack through a leaked descriptor, and the defence.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "6.5b",
    name: "leaked",
    title: "attack through a leaked descriptor, and the defence",
    kind: Kind::Break,
    minutes: 40,
    difficulty: Difficulty::Medium,
    chapter: "06-containers",
    page: "06-containers/exec.md",
    shown_by: "run -w /proc/self/fd/3 ls",
    needs_cgroups: false,
    hints: &[
        "/proc/self/fd lists a process's open files, and you can use each entry as a path. The attack needs \
         only a path: a directory, .., and a name.",
        "For the defence, call chdir first, and then check where you are. What does getcwd(2) return for a \
         directory that can't be reached from the root? (Its glibc wrapper, and std::env::current_dir, return \
         an error.) A check of the path before chdir isn't safe, because the path may change in between.",
        "read_outside: for each entry of /proc/self/fd, read entry/../NAME, and return the first text \
         that comes from outside. work_in: call chdir, current_dir()?, and given::close_on_exec(), because \
         the command inherits all descriptors without this flag.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    IN_THE_CONTAINER = Mistake::new("in-the-container",
        "The attack read a file of the container with the same name.",
        "One of the descriptors refers to a directory in the container. You can't rely on the text of the \
         link. Try all descriptors, and use the one that can't be reached from /.");
    FIRST_ONLY = Mistake::new("first-only",
        "The attack works only with a certain descriptor number.",
        "The number depends on the other open files of the runtime: 7 in one version, 8 in the next. Read \
         the list in /proc/self/fd.");
    STAYS_OUTSIDE = Mistake::new("stays-outside",
        "With `-w /proc/self/fd/N`, the command's working directory is on the host.",
        "This is CVE-2024-21626: from there, `..` leads to other directories of the host. After chdir, ask \
         the kernel for the current directory.");
    LEFT_OPEN = Mistake::new("left-open",
        "The working directory is right, but the command inherits descriptors above 2.",
        "A command with this descriptor can use /proc/self/fd itself, as your attack does. The kernel must \
         close all descriptors above 2 at execve.");
    REFUSES_ALL = Mistake::new("refuses-all",
        "The function also refuses a directory of the container.",
        "`-w /srv` must work. Refuse only directories outside of the container.");
    BY_ITS_NAME = Mistake::new("by-its-name",
        "The function refuses /proc/self/fd/N, but accepts a link in the image that leads there.",
        "The image may contain links with any name. Check the directory that chdir has reached, and not the \
         path.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! What an attacker reads, and where a command would begin.

    use anyhow::Result;
    use checker::view::{identity, inherited, new_place, path_of, word};
    use checker::{Judgement, Outcome, Program, Reply, Run, Value, random, until_hopeless};
    use lab::Lab;

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        Ok(judge(&until_hopeless(Case::ALL, |case| observe(program, case), |seen| &seen.run)?))
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        Attack,
        /// With more descriptors open before it.
        AttackHigher,
        Inside,
        /// `-w /proc/self/fd/N`
        Outside,
        /// A link in the image to that.
        ByLink,
        Missing,
    }

    impl Case {
        const ALL: [Case; 6] =
            [Case::Attack, Case::AttackHigher, Case::Inside, Case::Outside, Case::ByLink, Case::Missing];

        fn word(self) -> &'static str {
            match self {
                Case::Attack | Case::AttackHigher => "attack",
                Case::Inside => "/srv",
                Case::Outside => "leaked",
                Case::ByLink => "/link",
                Case::Missing => "/missing",
            }
        }
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        secret: String,
        /// The working directory is /srv in the container.
        inside: bool,
        /// What a command would inherit.
        leaks: usize,
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let place = new_place();
        let secret = format!("{:08x}", random::within(0..u32::MAX));
        let more = random::within(3..12) + if case == Case::AttackHigher { 20 } else { 0 };
        let arguments = [word(&place), case.word(), &secret, &more.to_string()];
        let mut running = program.start(Lab::new(), &arguments)?;
        let main = running.main();
        let reply = running.go_on()?;
        let srv = identity(path_of(main, "/srv"));
        let inside = srv.is_some() && identity(format!("/proc/{main}/cwd")) == srv;
        let leaks = inherited(main).len();
        Ok(Observation { case, secret, inside, leaks, run: Run::end(running, reply) })
    }

    const ATTACK: &str = "the attack reads the host's file, for any descriptor number";
    const INSIDE: &str = "a directory of the container can be the working directory";
    const OUTSIDE: &str = "a directory outside of the container is refused, for every path that leads there";
    const CLOSED: &str = "the command inherits no descriptor above 2";
    const MISSING: &str = "if the directory doesn't exist, the function returns an error with a context";

    fn judge(runs: &[Observation]) -> Judgement {
        let of = |cases: &[Case]| {
            let chosen: Vec<Observation> = runs.iter().filter(|seen| cases.contains(&seen.case)).cloned().collect();
            // It never came to that: what came of the last run is what there is to say.
            if chosen.is_empty() { runs.last().cloned().into_iter().collect() } else { chosen }
        };
        let outcomes = vec![
            Outcome::first_failing(&of(&[Case::Attack, Case::AttackHigher]), attack),
            Outcome::first_failing(&of(&[Case::Inside]), |seen| {
                let observed = if seen.inside { "/srv" } else { "another directory" };
                seen.run.outcome(INSIDE, seen.inside, "for -w /srv, it is /srv", observed.into())
            }),
            Outcome::first_failing(&of(&[Case::Outside, Case::ByLink]), |seen| {
                seen.run.refused(OUTSIDE, matches!(seen.case, Case::Outside | Case::ByLink), Ok(()))
            }),
            Outcome::first_failing(&of(&[Case::Inside]), |seen| {
                let observed = format!("the command would inherit {}", seen.leaks);
                seen.run.outcome(CLOSED, seen.leaks == 0, "each is close-on-exec", observed)
            }),
            Outcome::first_failing(&of(&[Case::Missing]), |seen| {
                seen.run.refused(MISSING, seen.case == Case::Missing, Ok(()))
            }),
        ];
        Judgement::new(outcomes, mistake(runs), runs.iter().map(|seen| &seen.run.printed))
    }

    fn read(seen: &Observation) -> Option<&str> {
        match &seen.run.reply {
            Reply::Values(values) => match &values[..] {
                [Value::Ok(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    fn attack(seen: &Observation) -> Outcome {
        let observed = match &seen.run.reply {
            Reply::Values(values) => values.first().map_or(String::new(), Value::in_words),
            reply => reply.in_words(),
        };
        Outcome::new(ATTACK, read(seen) == Some(&seen.secret), &seen.secret, observed)
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let [attack, higher, inside, outside, link, missing] = runs else { return None };
        if runs.iter().any(|seen| !seen.run.alive) {
            return None;
        }
        let hits = |seen: &Observation| read(seen) == Some(&seen.secret);
        let refused = |seen: &Observation| matches!(seen.run.reply, Reply::Error(_));
        match () {
            () if [attack, higher].iter().any(|seen| read(seen) == Some("the container's")) => Some(&IN_THE_CONTAINER),
            () if hits(attack) && !hits(higher) => Some(&FIRST_ONLY),
            () if !hits(attack) || !hits(higher) => None,
            () if refused(inside) && refused(outside) => Some(&REFUSES_ALL),
            () if !inside.inside || refused(inside) => None,
            () if !refused(outside) && !refused(link) => Some(&STAYS_OUTSIDE),
            () if refused(outside) && !refused(link) => Some(&BY_ITS_NAME),
            () if inside.leaks > 0 => Some(&LEFT_OPEN),
            () if [outside, missing].iter().any(|seen| seen.run.reply.is_bare_error()) => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
