//! Exercise 6.5b: the descriptor that was left open.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "6.5b",
    name: "leaked",
    title: "the descriptor that was left open",
    kind: Kind::Break,
    minutes: 40,
    difficulty: Difficulty::Medium,
    chapter: "06-containers",
    page: "06-containers/exec.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "A process's open files are listed in /proc/self/fd, and each entry can be used as a path. \
         The attack needs no call that you don't know: a directory, .., a name.",
        "For the defence: chdir first, then look where you are. What does getcwd(2) say of a \
         directory that can't be reached from the root? (Its glibc wrapper, and \
         std::env::current_dir, make an error of it.) Who looks at the path before, looks at a name \
         that may mean something else a moment later.",
        "read_outside: for each entry of /proc/self/fd, read entry/../NAME, and take the first that \
         works. work_in: chdir, current_dir()?, and given::close_on_exec(): the command is executed \
         next, and what is open then is open for it.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    IN_THE_CONTAINER = Mistake::new("in-the-container",
        "The attack read a file of the container's own, with the same name.",
        "Not every descriptor leads out: one of them is of a directory in the container. A link's \
         text says nothing sure. Try them all, and take what can't be reached from /.");
    FIRST_ONLY = Mistake::new("first-only",
        "The attack works with one descriptor number, and not with another.",
        "Which number it has depends on what the runtime had open before: 7 in one version, 8 in the \
         next. The list of /proc/self/fd says which there are.");
    STAYS_OUTSIDE = Mistake::new("stays-outside",
        "`-w /proc/self/fd/N` works, and the command's working directory is the host's.",
        "That is CVE-2024-21626: from there `..` goes up in the host's files. After the chdir, ask \
         the kernel where you are.");
    LEFT_OPEN = Mistake::new("left-open",
        "The working directory is right, and the command inherits open descriptors.",
        "A command that gets the descriptor doesn't need the working directory: it goes by \
         /proc/self/fd itself, as your attack does. Everything above 2 has to be closed by the exec.");
    REFUSES_ALL = Mistake::new("refuses-all",
        "A directory of the container's is refused, too.",
        "`-w /srv` is what the option is for. Only what lies outside is refused.");
    BY_ITS_NAME = Mistake::new("by-its-name",
        "/proc/self/fd/N is refused; a link in the image that leads there isn't.",
        "The path is the image's, and a link in it can be called anything. The place where one \
         arrives counts, not the way.");
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

    const ATTACK: &str = "the attack reads the host's file, whatever number the descriptor has";
    const INSIDE: &str = "the command's working directory may be one of the container's";
    const OUTSIDE: &str = "one that isn't in the container is refused, by whatever path";
    const CLOSED: &str = "the command inherits no descriptor above 2";
    const MISSING: &str = "one that is missing is an error that says so";

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
                let observed = format!("a command would get {}", seen.leaks);
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
