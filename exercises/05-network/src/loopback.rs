//! Exercise 5.1: make a network namespace.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "5.1",
    name: "loopback",
    title: "make a network namespace",
    kind: Kind::Build,
    minutes: 15,
    difficulty: Difficulty::Easy,
    chapter: "05-network",
    page: "05-network/veth.md",
    shown_by: "run sh -c 'ip -brief address'",
    needs_cgroups: false,
    hints: &[
        "In a shell you would use two commands: unshare --net sh, and in the new shell: ip link set lo up. \
         Which lo would the second command change if you ran it first?",
        "unshare(2) has one flag for each kind of namespace. The flag for network namespaces is \
         CLONE_NEWNET. When unshare returns, the kernel has already made lo. given::link_up does the same as \
         the second command.",
        "Call nix::sched::unshare(CloneFlags::CLONE_NEWNET), then given::link_up(\"lo\"), each with a \
         .context(\"…\") that names the step. The last call can be the function's result.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    HOSTS_NETWORK = Mistake::new("hosts-network",
        "The function returned Ok, but the process is in the host's network namespace.",
        "It uses the host's ports and interfaces. unshare(2) moves only the calling thread, and not a parent \
         process or other threads.");
    ANOTHER_USER_NAMESPACE = exercise::ANOTHER_USER_NAMESPACE;
    LO_DOWN = Mistake::new("lo-down",
        "The process is in a new network namespace, but lo is down there.",
        "A new interface is down, including lo. So not even the container itself can reach its server at \
         127.0.0.1. Set lo up after the process has moved to the new namespace.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The kernel refused a step, but the function returned Ok.",
        "The container starts in the host's network namespace.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! Which namespaces the process is in, and what its network looks like.

    use anyhow::Result;
    use checker::namespaces::{Namespaces, besides, list};
    use checker::{Judgement, Program, Reply, Run, until_hopeless};
    use lab::Lab;

    use crate::inside::{Inside, Interface};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        Ok(judge(&until_hopeless(["usual", "somebody"], |case| observe(program, case), |seen| &seen.run)?))
    }

    #[derive(Debug, Clone)]
    struct Observation {
        is_somebody: bool,
        run: Run,
        /// The kinds of namespaces that the process has left.
        left: Vec<&'static str>,
        /// Its interfaces.
        interfaces: Vec<Interface>,
    }

    fn observe(program: &Program, case: &str) -> Result<Observation> {
        let mut running = program.start(Lab::new(), &[case])?;
        let main = running.main();
        let before = Namespaces::read(main);

        let reply = running.go_on()?;

        let left = before.left(&Namespaces::read(main));
        let interfaces = if case == "usual" && lab::observe::process_exists(main) {
            Inside::process(&running, main).interfaces()?
        } else {
            Vec::new()
        };
        Ok(Observation { is_somebody: case == "somebody", left, interfaces, run: Run::end(running, reply) })
    }

    const OWN: &str = "the process is in a new network namespace";
    const ELSE: &str = "the process's other namespaces don't change";
    const LO: &str = "lo is up in the new namespace, and has 127.0.0.1";
    const REFUSED: &str = "if the kernel refuses a step, the function returns an error with a context";

    fn judge(runs: &[Observation]) -> Judgement {
        let (usual, last) = (&runs[0], &runs[runs.len() - 1]);
        let others = besides(&usual.left, "net");
        let outcomes = vec![
            usual.run.outcome(
                OWN,
                usual.is_own(),
                "after the call, /proc/PID/ns/net is not the host's",
                "the process is still in the host's network namespace".into(),
            ),
            usual.run.outcome_whatever(
                ELSE,
                others.is_empty(),
                "all other files in /proc/PID/ns are unchanged",
                format!("it has also left: {}", list(&others)),
            ),
            usual.run.outcome(LO, usual.is_own() && usual.has_lo(), "lo: up, 127.0.0.1/8", usual.in_words()),
            last.run.refused(REFUSED, last.is_somebody, Ok(())),
        ];
        Judgement::new(outcomes, mistake(runs), [&usual.run.printed])
    }

    impl Observation {
        fn is_own(&self) -> bool {
            self.left.contains(&"net")
        }

        fn has_lo(&self) -> bool {
            let is_lo = |one: &Interface| {
                one.name == "lo" && one.is_up && one.addresses.contains(&(std::net::Ipv4Addr::LOCALHOST, 8))
            };
            self.interfaces.iter().any(is_lo)
        }

        fn in_words(&self) -> String {
            let whose = if self.is_own() { "" } else { "the host's " };
            let lo = self.interfaces.iter().find(|one| one.name == "lo").map(Interface::in_words);
            format!("{whose}{}", lo.unwrap_or_else(|| "no lo".into()))
        }
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let [usual, somebody] = runs else { return None };
        if runs.iter().any(|seen| !seen.run.alive) || usual.run.reply != Reply::Ok {
            return None;
        }
        match () {
            () if usual.left.is_empty() => Some(&HOSTS_NETWORK),
            () if !usual.is_own() => None,
            () if usual.left.contains(&"user") => Some(&ANOTHER_USER_NAMESPACE),
            () if usual.left != ["net"] => None,
            () if !usual.has_lo() => Some(&LO_DOWN),
            () if somebody.run.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if somebody.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
