//! Exercise 1.12: the flag that never arrived.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "1.12",
    name: "isolation",
    title: "the flag that never arrived",
    kind: Kind::Repair,
    minutes: 25,
    difficulty: Difficulty::Medium,
    chapter: "01-namespaces",
    page: "01-namespaces/trouble.md",
    shown_by: "run ls -l /proc/self/ns",
    needs_cgroups: false,
    hints: &[
        "The function says Ok, so ask somebody else. The page has a command that calls it and then \
         runs `ls -l /proc/self/ns`: compare with the same list from your shell. `cargo wb check \
         1.7` compares these inode numbers, too, before and after the call. Which one stays?",
        "Follow that kind through the function: its name, its number in the table (`grep -n \
         CLONE_NEW /usr/include/linux/sched.h`, or libc's constants of that name), and what becomes \
         of the number on its way to the kernel. `strace -f -e trace=unshare` shows what arrives.",
        "CloneFlags is a set of *named* bits, and nix doesn't know all names. Read what bitflags \
         says about from_bits_truncate, from_bits and from_bits_retain: the first drops something.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    LOST_ON_THE_WAY = Mistake::new("lost-on-the-way",
        "Every kind is made but one: the children's clocks are the machine's.",
        "The kernel did what it was asked for, and said so. So the flag never reached it. Follow \
         its number through the function, line by line: where could a bit get lost?");
    REFUSES_WHAT_EXISTS = Mistake::new("refuses-what-exists",
        "All eight kinds were asked for, and the function returned an error.",
        "This kernel has them all, and nothing was made. If the error is about a name, a row of \
         the table is missing. If it is about flags, they were held against a list that is shorter \
         than the kernel's: a flag that nix has no name for (that is what CloneFlags::from_bits \
         looks for) isn't a wrong one.");
    NOTHING_CHANGED = Mistake::new("nothing-changed",
        "The function returned Ok, and nothing is new.",
        "unshare(2) without a flag does nothing, and succeeds; and what a child or another thread \
         does is theirs alone.");
    ONLY_ONE = Mistake::new("only-one",
        "Of all kinds that were asked for, one is made.",
        "Flags are bits that are put together by |: with = each one takes the place of the one \
         before.");
    ALWAYS_THE_SAME = Mistake::new("always-the-same",
        "Whatever is asked for, the same kinds are made.",
        "It was run several times, with different kinds. The function's argument says which; a \
         container may well want to share the host's network, say.");
    IGNORES_UNKNOWN = Mistake::new("ignores-unknown",
        "A kind that doesn't exist was asked for, and the function returned Ok.",
        "Whoever misspells a kind believes that the container is isolated. What can't be done has \
         to be an error.");
    HALF_DONE = Mistake::new("half-done",
        "A kind that doesn't exist is an error, but another one was made before that was noticed.",
        "Its caller is told that it failed, and has left a namespace all the same. Look at all \
         names first; then one unshare, with all flags.");
}

#[cfg(feature = "checks")]
pub mod check {
    //! What the kernel shows of a program's namespaces, before the answer is called and after.

    use anyhow::Result;
    use checker::namespaces::list;
    use checker::{Judgement, Outcome, Program, Reply, random};
    use lab::{Lab, observe};

    use super::*;

    /// Kinds that can be asked for in any pair.
    const SOME: [&str; 5] = ["cgroup", "ipc", "mnt", "net", "uts"];

    pub fn check(program: &Program) -> Result<Judgement> {
        let all = observe(program, &KINDS.map(|(asked, _)| asked))?;
        if !all.alive || matches!(all.reply, Reply::Silence(_)) {
            return Ok(judge(&all, &all, &all));
        }
        // Which two no answer can know.
        let one = random::within(0..SOME.len() as u32) as usize;
        let other = (one + 1 + random::within(0..SOME.len() as u32 - 1) as usize) % SOME.len();
        let two = observe(program, &[SOME[one], SOME[other]])?;
        let unknown = observe(program, &["ipc", "ipx"])?;
        Ok(judge(&all, &two, &unknown))
    }

    /// Each kind as it is asked for, and the file of /proc/PID/ns that shows whether it was made:
    /// two are for children.
    const KINDS: [(&str, &str); 8] = [
        ("cgroup", "cgroup"),
        ("ipc", "ipc"),
        ("mnt", "mnt"),
        ("net", "net"),
        ("pid", "pid_for_children"),
        ("time", "time_for_children"),
        ("user", "user"),
        ("uts", "uts"),
    ];

    #[derive(Debug, Clone)]
    struct Observation {
        asked: Vec<String>,
        reply: Reply,
        /// Whether the program still ran when we looked.
        alive: bool,
        /// Inode numbers by kind, in the order of `KINDS`. None for a PID namespace in which nobody
        /// lives yet.
        before: [Option<u64>; 8],
        after: [Option<u64>; 8],
        printed: String,
    }

    fn observe(program: &Program, kinds: &[&str]) -> Result<Observation> {
        let mut running = program.start(Lab::new(), kinds)?;
        let main = running.main();
        let inodes = || KINDS.map(|(_, file)| observe::namespace_inode(main, file).ok());
        let before = inodes();

        let reply = running.go_on()?;

        let after = inodes();
        let alive = observe::process_exists(main);
        let asked = kinds.iter().map(ToString::to_string).collect();
        Ok(Observation { asked, reply, alive, before, after, printed: running.end() })
    }

    impl Observation {
        fn was_asked(&self, kind: &str) -> bool {
            self.asked.iter().any(|asked| asked == kind)
        }

        /// The kinds that are new.
        fn made(&self) -> Vec<&'static str> {
            let places = 0..KINDS.len();
            places
                .filter(|&place| self.alive && self.before[place] != self.after[place])
                .map(|place| KINDS[place].0)
                .collect()
        }

        /// A line for each kind, those that nothing happened to first: `unchanged  uts 4026531838`,
        /// `new        ipc 4026531839 → 4026532244`.
        fn numbers(&self, shown: impl Fn(&str) -> bool) -> String {
            let number = |inode: Option<u64>| inode.map_or("(nobody there yet)".to_string(), |inode| inode.to_string());
            let (mut unchanged, mut new) = (Vec::new(), Vec::new());
            for (place, (_, file)) in KINDS.iter().enumerate().filter(|(_, (kind, _))| shown(kind)) {
                let (before, after) = (self.before[place], self.after[place]);
                if before == after {
                    unchanged.push(format!("unchanged  {file} {}", number(before)));
                } else {
                    new.push(format!("new        {file} {} → {}", number(before), number(after)));
                }
            }
            [unchanged, new].concat().join("\n")
        }
    }

    const EACH: &str = "for each kind that is asked for the process is in a new namespace, or its children will be";
    const OTHERS: &str = "where two kinds are asked for, exactly these two are new";
    const UNKNOWN: &str = "a kind that doesn't exist is an error, and all stays as it was";

    /// `all` asked for every kind, `two` for two of them, `unknown` for one that there is and one
    /// that there isn't.
    fn judge(all: &Observation, two: &Observation, unknown: &Observation) -> Judgement {
        let outcomes = vec![each(all), others(two), refused(unknown)];
        Judgement::new(outcomes, mistake(all, two, unknown), [&all.printed, &two.printed, &unknown.printed])
    }

    fn is_exact(seen: &Observation) -> bool {
        let new = seen.made();
        KINDS.iter().all(|(kind, _)| new.contains(kind) == seen.was_asked(kind))
    }

    fn each(seen: &Observation) -> Outcome {
        let holds = seen.alive && seen.reply == Reply::Ok && is_exact(seen);
        Outcome::new(
            EACH,
            holds,
            "each file in /proc/PID/ns has another inode number than before",
            in_numbers(seen, |_| true),
        )
    }

    fn others(seen: &Observation) -> Outcome {
        let holds = seen.alive && seen.reply == Reply::Ok && is_exact(seen);
        let expected = format!("{} have other inode numbers, and nothing else has", seen.asked.join(" and "));
        let new = seen.made();
        let shown = |kind: &str| seen.was_asked(kind) || new.contains(&kind);
        Outcome::new(OTHERS, holds, expected, in_numbers(seen, shown))
    }

    fn in_numbers(seen: &Observation, shown: impl Fn(&str) -> bool) -> String {
        match (&seen.reply, seen.alive) {
            (Reply::Ok, true) => seen.numbers(shown),
            (reply, true) => format!("{}; {}", seen.numbers(shown), reply.in_words()),
            (reply, false) => reply.in_words(),
        }
    }

    fn refused(seen: &Observation) -> Outcome {
        let holds = seen.alive && matches!(seen.reply, Reply::Error(_)) && seen.made().is_empty();
        let made = match &seen.made()[..] {
            [] => String::new(),
            new => format!(", and made: {}", list(new)),
        };
        let expected = format!("an error for {}, and all is as it was", seen.asked.join(" and "));
        Outcome::new(UNKNOWN, holds, expected, format!("{}{made}", seen.reply.in_words()))
    }

    /// The mistake that fits everything that was seen.
    fn mistake(all: &Observation, two: &Observation, unknown: &Observation) -> Option<&'static Mistake> {
        if ![all, two, unknown].iter().all(|seen| seen.alive) {
            return None;
        }
        match all.reply {
            Reply::Ok => {}
            // Of two it may have refused one or none, by chance.
            Reply::Error(_) if all.made().is_empty() => return Some(&REFUSES_WHAT_EXISTS),
            _ => return None,
        }
        let missing: Vec<&str> =
            KINDS.iter().map(|(kind, _)| *kind).filter(|kind| !all.made().contains(kind)).collect();
        let too_many = two.made().iter().any(|kind| !two.was_asked(kind));
        match (&missing[..], &two.reply) {
            (all_of_them, _) if all_of_them.len() == KINDS.len() => Some(&NOTHING_CHANGED),
            (many, Reply::Ok) if many.len() == KINDS.len() - 1 => Some(&ONLY_ONE),
            (["time"], Reply::Ok) if is_exact(two) => Some(&LOST_ON_THE_WAY),
            (_, Reply::Ok) if too_many && two.made() == all.made() => Some(&ALWAYS_THE_SAME),
            ([], Reply::Ok) if is_exact(two) => with_an_unknown(unknown),
            _ => None,
        }
    }

    fn with_an_unknown(seen: &Observation) -> Option<&'static Mistake> {
        match (&seen.reply, seen.made().is_empty()) {
            (Reply::Ok, _) => Some(&IGNORES_UNKNOWN),
            (Reply::Error(_), false) => Some(&HALF_DONE),
            _ => None,
        }
    }
}
