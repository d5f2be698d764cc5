//! Exercise 6.10: write a seccomp filter against new namespaces.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "6.10",
    name: "filter",
    title: "write a seccomp filter against new namespaces",
    kind: Kind::Build,
    minutes: 45,
    difficulty: Difficulty::Hard,
    chapter: "06-containers",
    page: "06-containers/seccomp.md",
    shown_by: "run unshare --user true",
    needs_cgroups: false,
    hints: &[
        "\"observed\" shows the result of each call in a process with your filter. First write the \
         program as a table: system call, flags, result. Three calls can make namespaces: unshare, clone \
         and clone3. A filter can't read the flags of one of them.",
        "Load the register before each comparison: the architecture (offset 4), the call's number (0), or \
         the low half of the first argument (16). The argument of a jump is the number of instructions that \
         it skips, so it is easier to write the end of the program first. The low bits of \
         SECCOMP_RET_ERRNO contain the errno: SECCOMP_RET_ERRNO | EPERM as u32.",
        "load(4), jump_if_equal(NATIVE, 1, 0), answer(…PERM); load(0), jump_if_equal(SYS_clone3 as \
         u32, 0, 1), answer(…NOSYS). Then for both unshare and clone: load(16), and jump_if_any_bit with all \
         seven flags. Don't forget CLONE_NEWCGROUP, which is newer than the others. For all other calls: \
         SECCOMP_RET_ALLOW.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    NOT_INSTALLED = Mistake::new("not-installed",
        "The kernel refuses the filter: it isn't a valid program.",
        "Each path through the program must end with an answer, and no jump may lead out of it. A jump of 0 \
         goes to the next instruction.");
    KILLS = Mistake::new("kills",
        "The filter kills processes that try a forbidden call.",
        "Many programs try a call and continue if it fails. Use SECCOMP_RET_ERRNO, with which the call \
         returns an error.");
    CLONE_FORBIDDEN = Mistake::new("clone-forbidden",
        "clone also fails without a namespace flag, so no process or thread can be started.",
        "clone(2) starts processes and threads. Its flags, the first argument, say whether it makes a \
         namespace.");
    CLONE3_FORGOTTEN = Mistake::new("clone3-forgotten",
        "unshare and clone are refused, but clone3 makes the same namespaces.",
        "clone3 has its flags in a structure behind a pointer, which a filter can't follow. So refuse all \
         calls of clone3.");
    CLONE3_EPERM = Mistake::new("clone3-eperm",
        "clone3 fails with EPERM, so the C library can't start threads.",
        "The library tries clone3 first, and reports EPERM as an error. After ENOSYS, \"no such system \
         call\", it falls back to clone, whose flags your filter can check.");
    ONE_BY_ONE = Mistake::new("one-by-one",
        "A call with a single flag is refused, but a call with two flags is allowed.",
        "Flags are bits of one number. Check whether the number has one of these bits, not whether it is \
         equal to one of them.");
    SOME_FLAGS = Mistake::new("some-flags",
        "The filter refuses some kinds of namespaces and allows others.",
        "clone(2) has seven flags that begin with CLONE_NEW, one for each kind of namespace. CLONE_NEWNS is \
         the flag for mount namespaces, and CLONE_NEWCGROUP is newer than the others.");
    NUMBERS_ONLY = Mistake::new("numbers-only",
        "A 32-bit system call was allowed, because it has a different number.",
        "The kernel also runs 32-bit programs, for which unshare has the number 310 and not 272. Check the \
         architecture first, and refuse all calls whose architecture isn't NATIVE.");
}

#[cfg(feature = "checks")]
pub mod check {
    //! What calls return to processes behind the filter. Each calls once, and gives itself a name
    //! that says what came of it.

    use std::collections::BTreeMap;
    use std::time::Duration;

    use anyhow::Result;
    use checker::processes::{eventually, name};
    use checker::{Judgement, Outcome, Program, Reply, Run};
    use lab::{Lab, observe};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        Ok(judge(&observe(program)?))
    }

    #[derive(Debug, Clone)]
    struct Observation {
        run: Run,
        /// By call and flags, as `clone 20000000`: the errno, 0 for none. What isn't there has been
        /// killed.
        tries: BTreeMap<String, i32>,
    }

    const KINDS: [&str; 7] = ["20000", "2000000", "4000000", "8000000", "10000000", "20000000", "40000000"];

    fn observe(program: &Program) -> Result<Observation> {
        let mut running = program.start(Lab::new(), &[])?;
        let main = running.main();
        let reply = running.go_on()?;
        let named = || observe::children(main).into_iter().filter_map(name).collect::<Vec<String>>();
        // Its name has spaces when it has called. Who was killed stays as a zombie, with an older one.
        let is_done = |pid: i32| name(pid).is_some_and(|name| name.contains(' ')) || !observe::process_exists(pid);
        eventually(Duration::from_secs(2), || {
            !observe::process_exists(main) || observe::children(main).into_iter().all(is_done)
        });
        let tries = named().into_iter().filter_map(|name| {
            let (call, errno) = name.rsplit_once(' ')?;
            Some((call.to_string(), errno.parse().ok()?))
        });
        let tries = tries.collect();
        Ok(Observation { tries, run: Run::end(running, reply) })
    }

    const UNSHARE: &str = "unshare of any of the seven kinds of namespaces fails with EPERM";
    const CLONE: &str = "clone with such a flag fails with EPERM, whatever other flags it has";
    const CLONE3: &str = "clone3 fails with ENOSYS, so that the C library falls back to clone";
    const OTHERS: &str = "a clone without such a flag, and other calls, work";
    const COMPAT: &str = "the calls of a 32-bit program are refused";

    fn judge(seen: &Observation) -> Judgement {
        let outcomes = vec![
            each(seen, UNSHARE, "u"),
            each(seen, CLONE, "c"),
            one(seen, CLONE3, "3 4000000", libc::ENOSYS),
            others(seen),
            compat(seen),
        ];
        Judgement::new(outcomes, mistake(seen), [&seen.run.printed])
    }

    impl Observation {
        fn errno(&self, call: &str) -> Option<i32> {
            self.tries.get(call).copied()
        }

        fn errnos_of(&self, call: &str) -> impl Iterator<Item = (&'static str, Option<i32>)> {
            let call = call.to_string();
            KINDS.into_iter().map(move |kind| (kind, self.errno(&format!("{call} {kind}"))))
        }
    }

    fn in_words(errno: Option<i32>) -> String {
        match errno {
            None => "the process was killed".into(),
            Some(0) => "it worked".into(),
            Some(-1) => "the kernel refused the filter".into(),
            Some(errno) => format!("{:?}", nix::errno::Errno::from_raw(errno)),
        }
    }

    fn each(seen: &Observation, claim: &'static str, call: &str) -> Outcome {
        let other = seen.errnos_of(call).find(|(_, errno)| *errno != Some(libc::EPERM));
        let observed =
            other.map_or(String::new(), |(kind, errno)| format!("with flag 0x{kind:0>8}: {}", in_words(errno)));
        seen.run.outcome(claim, other.is_none(), "EPERM", observed)
    }

    fn one(seen: &Observation, claim: &'static str, call: &str, errno: i32) -> Outcome {
        let got = seen.errno(call);
        seen.run.outcome(claim, got == Some(errno), &in_words(Some(errno)), in_words(got))
    }

    fn others(seen: &Observation) -> Outcome {
        let failed = ["c 0", "g 0"].into_iter().find(|call| seen.errno(call) != Some(0));
        let observed = failed.map_or(String::new(), |call| {
            let which = if call == "c 0" { "clone(SIGCHLD)" } else { "setpgid" };
            format!("{which}: {}", in_words(seen.errno(call)))
        });
        seen.run.outcome(OTHERS, failed.is_none(), "they work", observed)
    }

    fn compat(seen: &Observation) -> Outcome {
        let got = seen.errno("x 4000000");
        let holds = !matches!(got, Some(0 | -1));
        seen.run.outcome(COMPAT, holds, "an error, or the process is killed", in_words(got))
    }

    /// The mistake that fits everything that was seen.
    fn mistake(seen: &Observation) -> Option<&'static Mistake> {
        if !seen.run.alive || seen.run.reply != Reply::Ok {
            return None;
        }
        let all = |call: &str, holds: fn(Option<i32>) -> bool| seen.errnos_of(call).all(|(_, errno)| holds(errno));
        let refused = |errno: Option<i32>| errno == Some(libc::EPERM);
        let well = all("u", refused) && all("c", refused);
        let clone3 = seen.errno("3 4000000");
        let others = ["c 0", "g 0"].iter().all(|call| seen.errno(call) == Some(0));
        let compat = !matches!(seen.errno("x 4000000"), Some(0 | -1));
        match () {
            () if seen.tries.values().any(|errno| *errno == -1) => Some(&NOT_INSTALLED),
            () if all("u", |errno| errno.is_none()) && others => Some(&KILLS),
            () if well && seen.errno("g 0") == Some(0) && !others => Some(&CLONE_FORBIDDEN),
            () if !others => None,
            () if well && clone3 == Some(0) => Some(&CLONE3_FORGOTTEN),
            () if well && clone3 == Some(libc::EPERM) => Some(&CLONE3_EPERM),
            () if clone3 != Some(libc::ENOSYS) => None,
            () if all("u", refused) && all("c", |errno| errno != Some(libc::EPERM)) => Some(&ONE_BY_ONE),
            () if !well && compat => Some(&SOME_FLAGS),
            () if well && !compat => Some(&NUMBERS_ONLY),
            () => None,
        }
    }
}
