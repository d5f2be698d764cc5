//! Exercise 1.2: a hostname in a UTS namespace of one's own.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "1.2",
    name: "hostname",
    title: "a hostname of its own",
    kind: Kind::Build,
    minutes: 15,
    difficulty: Difficulty::Easy,
    chapter: "01-namespaces",
    page: "01-namespaces/uts.md",
    shown_by: "run --hostname boat sh",
    needs_cgroups: false,
    hints: &[
        "Two calls, and the order matters. As root in a shell it would be: unshare --uts sh, and \
         then in that shell: hostname boat. Which of the two must not come first, and why?",
        "unshare(2) moves the calling process itself into a new namespace; its flag for hostnames \
         isn't called HOSTNAME but after the system call that prints it, uname(2): UTS. In nix: \
         nix::sched::unshare takes CloneFlags.",
        "nix::unistd::sethostname sets the name in whichever UTS namespace the caller is in at \
         that moment. Give both errors a context (.context(\"…\") from anyhow): EPERM alone doesn't \
         say which of the two calls was refused, and a name of more than 64 bytes gives EINVAL.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    RENAMED_THE_HOST = Mistake::new("renamed-the-host",
        "You renamed the machine (here only the lab).",
        "The process never left the UTS namespace it was born in, which is the machine's. \
         sethostname(2) names whichever UTS namespace its caller is in, and everyone else in it \
         sees the new name.");
    NAMED_TOO_EARLY = Mistake::new("named-too-early",
        "The name was set first, and the namespace left afterwards.",
        "So it was the machine that got the name. The process's new namespace shows it too, \
         because a UTS namespace begins as a copy of the one its maker was in.");
    NEVER_NAMED = Mistake::new("never-named",
        "The process has a UTS namespace of its own, with the machine's name still in it.",
        "A new UTS namespace begins as a copy of the one its maker was in. The name has to be set \
         in it, after the process has moved.");
    WRONG_NAMESPACE = Mistake::new("wrong-namespace",
        "The process left a namespace, but not the one that holds the hostname.",
        "Hostnames live in the UTS namespace. namespaces(7) has a table: which flag is for which \
         kind, and what it isolates. (CLONE_NEWNS is the mount namespace; it was the first kind, \
         and nobody expected a second.)");
    ANOTHER_USER_NAMESPACE = exercise::ANOTHER_USER_NAMESPACE;
    ALWAYS_THE_SAME_NAME = Mistake::new("always-the-same-name",
        "Whatever name is asked for, the process gets the same one.",
        "It was run twice, with two names. The function's argument is the name to set.");
    CUT_THE_NAME = Mistake::new("cut-the-name",
        "A name that is too long was cut, and nobody was told.",
        "Two containers whose names begin alike would get the same one. The kernel refuses more \
         than 64 bytes (EINVAL): let its refusal reach the caller.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The kernel refused a name that is too long, and the function returned Ok.",
        "Its caller believes now that the name is set.");
    BARE_ERRNO = exercise::BARE_ERRNO;
    NOTHING_CHANGED = Mistake::new("nothing-changed",
        "The function returned Ok, and nothing has changed: not for the process, not for the host.",
        "A namespace belongs to a process (to a thread, even): if it was a child process or \
         another thread that made the calls, the change was theirs alone and went with them. This \
         process has to make them itself.");
}

#[cfg(feature = "checks")]
pub mod check {
    //! What the kernel shows of a program and of its host, before the answer is called and after.

    use anyhow::Result;
    use checker::namespaces::{Namespaces, besides, list};
    use checker::{Judgement, Outcome, Program, Reply, random};
    use lab::{Lab, observe};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let first = observe(program, "boat")?;
        if !first.alive || matches!(first.reply, Reply::Silence(_)) {
            // One that never returns won't the next time either, and the learner waits.
            return Ok(judge(std::slice::from_ref(&first), &first));
        }
        // A second name, new each time: an answer that always sets the same can't have both.
        let random = observe(program, &new_name())?;
        let too_long = observe(program, &too_long())?;
        Ok(judge(&[first, random], &too_long))
    }

    /// One run of the program, seen from outside.
    #[derive(Debug, Clone)]
    struct Observation {
        /// The name that was asked for.
        asked: String,
        /// What the program said, which is when to look.
        reply: Reply,
        host_before: String,
        host_after: String,
        /// Whether the program still ran when we looked; if not, the fields below are empty.
        alive: bool,
        /// The hostname in the program's UTS namespace.
        program_after: String,
        /// The kinds of namespaces that the answer has left.
        left: Vec<&'static str>,
        printed: String,
    }

    /// Runs the program once, as the lab's root: nobody else may rename the lab, and whether an
    /// answer does is the question.
    fn observe(program: &Program, name: &str) -> Result<Observation> {
        let mut running = program.start(Lab::new(), &[name])?;
        let (host, main) = (running.init(), running.main());
        let host_before = observe::hostname_in(host)?;
        let before = Namespaces::read(main);

        let reply = running.go_on()?;

        let after = Namespaces::read(main);
        // An answer that ended the program ended the lab; and with it went the host and its name.
        let alive = observe::process_exists(main);
        let name_in = |pid| match observe::hostname_in(pid) {
            Err(error) if alive && observe::process_exists(pid) => Err(error),
            name => Ok(name.unwrap_or_default()),
        };
        let (program_after, host_after) = (name_in(main)?, name_in(host)?);
        let left = if alive { before.left(&after) } else { Vec::new() };
        let printed = running.end();
        Ok(Observation { asked: name.into(), reply, host_before, host_after, alive, program_after, left, printed })
    }

    /// A hostname that no answer can know beforehand.
    fn new_name() -> String {
        format!("boat-{:06x}", random::within(0..0x100_0000))
    }

    /// One byte more than the kernel's __NEW_UTS_LEN, 64.
    fn too_long() -> String {
        format!("{}{}", new_name(), "-too-long".repeat(6)).chars().cycle().take(65).collect()
    }

    const OWN_NAMESPACE: &str = "the process is in a UTS namespace of its own";
    const ELSE: &str = "every other namespace is the one that it had";
    const OWN_NAME: &str = "its hostname is the one that was asked for";
    const HOST_KEPT: &str = "the host keeps its name";
    const TOO_LONG: &str = "a name that is too long comes back as an error that says what was refused";

    /// `runs` asked for different names, `too_long` for one that the kernel refuses.
    fn judge(runs: &[Observation], too_long: &Observation) -> Judgement {
        let outcomes = vec![
            Outcome::first_failing(runs, own_namespace),
            Outcome::first_failing(runs, nothing_else),
            Outcome::first_failing(runs, own_name),
            Outcome::first_failing(runs, host_kept),
            refused(runs, too_long),
        ];
        let printed = runs.iter().chain([too_long]).map(|seen| &seen.printed);
        Judgement::new(outcomes, mistake(runs, too_long), printed)
    }

    fn own_namespace(seen: &Observation) -> Outcome {
        let place = match seen.left.as_slice() {
            [] => "the process is still in the host's".to_string(),
            others => format!("the process is still in the host's; it left others: {}", others.join(", ")),
        };
        let expected = "after the call, /proc/PID/ns/uts is not the host's";
        Outcome::new(OWN_NAMESPACE, seen.alive && in_own(seen), expected, with_return(seen, place))
    }

    fn nothing_else(seen: &Observation) -> Outcome {
        let others = besides(&seen.left, "uts");
        let expected = "all other files in /proc/PID/ns are what they were";
        let observed = with_return(seen, format!("it has also left: {}", list(&others)));
        Outcome::new(ELSE, seen.alive && others.is_empty(), expected, observed)
    }

    fn own_name(seen: &Observation) -> Outcome {
        let holds = seen.alive && seen.reply == Reply::Ok && seen.program_after == seen.asked;
        let name = format!("the process's hostname is \"{}\"", seen.program_after);
        Outcome::new(
            OWN_NAME,
            holds,
            format!("\"{}\" in the process's UTS namespace", seen.asked),
            with_return(seen, name),
        )
    }

    fn host_kept(seen: &Observation) -> Outcome {
        let holds = seen.alive && !host_renamed(seen);
        let expected = format!("the host is still called \"{}\"", seen.host_before);
        Outcome::new(HOST_KEPT, holds, expected, with_return(seen, format!("it is called \"{}\" now", seen.host_after)))
    }

    fn refused(runs: &[Observation], too_long: &Observation) -> Outcome {
        let usual = runs.iter().all(|seen| seen.reply == Reply::Ok);
        let told = matches!(&too_long.reply, Reply::Error(_)) && !too_long.reply.is_bare_error();
        let expected = "65 bytes are refused, with a context; shorter names aren't";
        let observed = match &too_long.reply {
            Reply::Error(_) if told && !usual => "shorter names aren't set either".to_string(),
            Reply::Ok => {
                format!("the function returned Ok, and the process's hostname is \"{}\"", too_long.program_after)
            }
            reply => reply.in_words(),
        };
        Outcome::new(TOO_LONG, usual && told, expected, observed)
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation], too_long: &Observation) -> Option<&'static Mistake> {
        let all = |holds: fn(&Observation) -> bool| runs.iter().all(holds);
        if !all(|seen| seen.alive) {
            return None;
        }
        if all(|seen| !in_own(seen) && !seen.left.is_empty()) {
            return Some(&WRONG_NAMESPACE);
        }
        if all(host_renamed) {
            return match () {
                () if all(|seen| seen.left.is_empty()) => Some(&RENAMED_THE_HOST),
                () if all(|seen| in_own(seen) && seen.host_after == seen.asked && seen.program_after == seen.asked) => {
                    Some(&NAMED_TOO_EARLY)
                }
                () => None,
            };
        }
        if !all(|seen| seen.reply == Reply::Ok && !host_renamed(seen)) {
            return None;
        }
        if all(|seen| seen.left.is_empty()) {
            return Some(&NOTHING_CHANGED);
        }
        if !all(in_own) {
            return None;
        }
        if all(|seen| seen.program_after == seen.host_before) {
            return Some(&NEVER_NAMED);
        }
        if runs.iter().all(|seen| seen.program_after == runs[0].program_after) {
            return Some(&ALWAYS_THE_SAME_NAME);
        }
        match () {
            () if !all(|seen| seen.program_after == seen.asked) => None,
            () if all(|seen| seen.left.contains(&"user")) => Some(&ANOTHER_USER_NAMESPACE),
            () if all(|seen| seen.left == ["uts"]) => mistake_with_a_long_name(too_long),
            () => None,
        }
    }

    fn mistake_with_a_long_name(seen: &Observation) -> Option<&'static Mistake> {
        match &seen.reply {
            reply if reply.is_bare_error() => Some(&BARE_ERRNO),
            Reply::Ok if seen.program_after == seen.host_before => Some(&SWALLOWED_THE_ERROR),
            Reply::Ok if !seen.program_after.is_empty() && seen.asked.starts_with(&seen.program_after) => {
                Some(&CUT_THE_NAME)
            }
            _ => None,
        }
    }

    fn in_own(seen: &Observation) -> bool {
        seen.left.contains(&"uts")
    }

    fn host_renamed(seen: &Observation) -> bool {
        seen.host_after != seen.host_before
    }

    /// What was seen, and what the function returned where that isn't Ok. Of a program that has
    /// ended only the latter is known.
    fn with_return(seen: &Observation, observed: String) -> String {
        seen.reply.beside(seen.alive, observed)
    }
}
