//! Exercise 1.9: a boot clock of one's own, for one's children.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "1.9",
    name: "boot_clock",
    title: "a clock that counts from another boot",
    kind: Kind::Build,
    minutes: 25,
    difficulty: Difficulty::Medium,
    chapter: "01-namespaces",
    page: "01-namespaces/time.md",
    shown_by: "run --boottime +1d uptime",
    needs_cgroups: false,
    hints: &[
        "`cat /proc/self/timens_offsets` shows two clocks and how far each is off. Whose clocks \
         are they, yours or those of the children that you will have? And why would the kernel \
         forbid to change them once somebody lives by them?",
        "unshare first, with the flag for time; then write one line to /proc/self/timens_offsets: \
         the clock's name, seconds, nanoseconds. Nobody may be in it by then: no child, and not you \
         either. unshare leaves you where you are; don't join it. The flag is spelled \
         CloneFlags::from_bits_retain(libc::CLONE_NEWTIME).",
        "std::fs::write(\"/proc/self/timens_offsets\", format!(\"boottime {} {}\", \
         ahead.as_secs(), ahead.subsec_nanos())), with a context: the kernel says ERANGE to what is \
         too far. The clock that isn't named keeps its offset, 0. And that was all: the caller's \
         next child is born with these clocks.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    NO_NAMESPACE = Mistake::new("no-namespace",
        "No time namespace was made for the caller's children.",
        "The offsets of the namespace that the caller lives in can't be changed. It takes a new \
         one, by unshare(2), from the caller itself. (Called without a flag, unshare does nothing \
         and says Ok. `strace -f -e trace=unshare` shows which arrives.)");
    WRITTEN_FIRST = Mistake::new("written-first",
        "The offsets were to be written while there was no time namespace for the caller's \
         children (EPERM, or EACCES for root).",
        "Until unshare(2) has made a new one, /proc/self/timens_offsets is about the machine's own \
         clocks, and those aren't the caller's to set. First unshare, then the file. (Does the flag \
         arrive? Without one, unshare does nothing and says Ok: `strace -f -e trace=unshare` shows \
         it.)");
    JOINED_ITSELF = Mistake::new("joined-itself",
        "The caller lives by the new clocks itself.",
        "Asked for were clocks for its children, who are born with them. unshare(2) leaves the \
         caller where it is, and so it shall stay: setns(2) on time_for_children moves it. (And \
         whoever is in a time namespace, caller or child, freezes its offsets.)");
    TOO_LATE = Mistake::new("too-late",
        "A time namespace was made, and when the offsets were written, somebody lived by its \
         clocks already.",
        "With the first process in it the offsets are frozen (EACCES): a clock must not jump. They \
         can be written between unshare and the first child, and at no other time.");
    NEVER_SET = Mistake::new("never-set",
        "There is a time namespace, with the machine's clocks in it.",
        "A new one has offsets of 0. They are set by writing to /proc/self/timens_offsets, which \
         is about the clocks of the caller's children.");
    NO_SUCH_LINE = Mistake::new("no-such-line",
        "There is a time namespace, its offsets may still be set, and the kernel didn't understand \
         what was written (EINVAL).",
        "A line of timens_offsets has three words: the clock's name, seconds, nanoseconds. Both \
         are whole numbers, the second one below 1,000,000,000; neither may be left out.");
    WRONG_CLOCK = Mistake::new("wrong-clock",
        "The monotonic clock was set, and the boot clock is the machine's.",
        "Two clocks count from boot. The one that `uptime` shows, which goes on while the machine \
         sleeps, is called boottime.");
    BOTH_CLOCKS = Mistake::new("both-clocks",
        "Both clocks were set.",
        "Asked for was a boot clock that is ahead. A clock that isn't named in \
         /proc/self/timens_offsets keeps its offset.");
    WRONG_UNIT = Mistake::new("wrong-unit",
        "The offset in seconds is the number of smaller units.",
        "A line of timens_offsets has seconds and then nanoseconds of another one: \
         Duration::as_secs and subsec_nanos.");
    WHOLE_SECONDS = Mistake::new("whole-seconds",
        "The fraction of a second is lost.",
        "A Duration has nanoseconds, and so has a line of timens_offsets: its last number.");
    ABSOLUTE = Mistake::new("absolute",
        "The clock is ahead by what was asked for and by all the time that the machine has been \
         up.",
        "What is written is an offset: how far the clock shall be ahead of the machine's, not what \
         it shall show.");
    ALWAYS_THE_SAME = Mistake::new("always-the-same",
        "Whatever is asked for, the clock is ahead by the same time.",
        "It was run twice, with two times. The function's argument is how far the clock shall be \
         ahead.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The kernel refused the offset, and the function returned Ok.",
        "Its caller believes now that the clock is set.");
    BARE_ERRNO = Mistake { why:
        "An errno fits many calls. Say which one was refused, and with what: call.context(\"…\")?",
        ..exercise::BARE_ERRNO };
}

#[cfg(feature = "checks")]
pub mod check {
    //! What the kernel shows of the clocks that a program's children will have.

    use std::fs;
    use std::time::Duration;

    use anyhow::Result;
    use checker::namespaces::{Namespaces, besides, in_full, list};
    use checker::{Judgement, Outcome, Program, Reply, random};
    use lab::{Lab, observe};
    use nix::errno::Errno;

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let fraction = || random::within(1..1_000_000_000);
        let days = observe(program, Duration::new(random::within(100_000..10_000_000).into(), fraction()))?;
        if !days.alive || matches!(days.reply, Reply::Silence(_)) {
            return Ok(judge(std::slice::from_ref(&days), &days));
        }
        // So few that the kernel also takes their number in nanoseconds for one of seconds.
        let moments = observe(program, Duration::new(random::within(1..4).into(), fraction()))?;
        // 147 years; the kernel's limit is half of what fits 63 bits in nanoseconds, some 146.
        let too_far = observe(program, Duration::from_secs(147 * 31_556_952))?;
        Ok(judge(&[days, moments], &too_far))
    }

    /// One run of the program.
    #[derive(Debug, Clone)]
    struct Observation {
        asked: Duration,
        reply: Reply,
        /// Whether the program still ran when we looked.
        alive: bool,
        /// The kinds of namespaces that the program has left; `time` if its own clocks are others.
        left: Vec<&'static str>,
        monotonic: Offset,
        boottime: Offset,
        /// The offsets can't be changed any more: somebody was born with them, or moved to them.
        frozen: bool,
        /// What the machine's boot clock shows, in seconds.
        up: i64,
        printed: String,
    }

    /// Seconds, and nanoseconds of another one.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    struct Offset(pub i64, pub i64);

    fn observe(program: &Program, asked: Duration) -> Result<Observation> {
        let arguments = [asked.as_secs().to_string(), asked.subsec_nanos().to_string()];
        let mut running = program.start(Lab::new(), &[&arguments[0], &arguments[1]])?;
        let main = running.main();
        let own_clocks = || observe::namespace_inode(main, "time").ok();
        let (before, own_before) = (Namespaces::read(main), own_clocks());

        let reply = running.go_on()?;

        let (after, own_after) = (Namespaces::read(main), own_clocks());
        let file = format!("/proc/{main}/timens_offsets");
        let offsets = fs::read_to_string(&file).unwrap_or_default();
        let (monotonic, boottime) = (offset(&offsets, "monotonic"), offset(&offsets, "boottime"));
        // What is there already: if it may be written, nobody lives by it yet.
        let same = fs::write(&file, format!("boottime {} {}", boottime.0, boottime.1));
        let frozen = same.is_err_and(|error| error.raw_os_error() == Some(Errno::EACCES as i32));
        // Asked last: what was read before was read of a living process.
        let alive = observe::process_exists(main);
        let mut left = before.left(&after);
        if own_before != own_after {
            left.push("time");
        }
        if !alive {
            left.clear();
        }
        Ok(Observation { asked, reply, alive, left, monotonic, boottime, frozen, up: up(), printed: running.end() })
    }

    /// A line of /proc/PID/timens_offsets: `boottime        86400         0`.
    fn offset(offsets: &str, clock: &str) -> Offset {
        let line = offsets.lines().find_map(|line| line.strip_prefix(clock)).unwrap_or_default();
        let mut numbers = line.split_whitespace().map_while(|number| number.parse().ok());
        Offset(numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default())
    }

    fn up() -> i64 {
        let text = fs::read_to_string("/proc/uptime").unwrap_or_default();
        text.split('.').next().and_then(|seconds| seconds.parse().ok()).unwrap_or_default()
    }

    const OWN: &str = "the caller's children get a time namespace of their own";
    const AHEAD: &str = "its boot clock is ahead by what was asked for";
    const MONOTONIC: &str = "its monotonic clock is the machine's";
    const STAYS: &str = "the caller's own clocks are what they were, and so are its other namespaces";
    const REFUSED: &str = "a clock that the kernel refuses comes back as an error that says what was refused";

    const CHILDREN: &str = "time_for_children";

    /// `runs` asked for different times, `too_far` for one that the kernel refuses.
    fn judge(runs: &[Observation], too_far: &Observation) -> Judgement {
        let outcomes = vec![
            Outcome::first_failing(runs, own),
            Outcome::first_failing(runs, ahead),
            Outcome::first_failing(runs, monotonic),
            Outcome::first_failing(runs, stays),
            refused(runs, too_far),
        ];
        let printed = runs.iter().chain([too_far]).map(|seen| &seen.printed);
        Judgement::new(outcomes, mistake(runs, too_far), printed)
    }

    fn is_own(seen: &Observation) -> bool {
        seen.left.contains(&CHILDREN)
    }

    fn wanted(seen: &Observation) -> Offset {
        Offset(seen.asked.as_secs() as i64, seen.asked.subsec_nanos().into())
    }

    fn own(seen: &Observation) -> Outcome {
        let expected = "after the call, /proc/PID/ns/time_for_children is another one";
        Outcome::new(OWN, seen.alive && is_own(seen), expected, with_return(seen, "it is the same one".into()))
    }

    fn ahead(seen: &Observation) -> Outcome {
        let holds = seen.alive && is_own(seen) && seen.reply == Reply::Ok && seen.boottime == wanted(seen);
        let expected = format!("in /proc/PID/timens_offsets, boottime {}", in_words(wanted(seen)));
        Outcome::new(AHEAD, holds, expected, with_return(seen, format!("boottime {}", in_words(seen.boottime))))
    }

    fn monotonic(seen: &Observation) -> Outcome {
        let holds = seen.alive && is_own(seen) && seen.monotonic == Offset(0, 0);
        let observed = if is_own(seen) {
            format!("monotonic {}", in_words(seen.monotonic))
        } else {
            "there is no new time namespace".to_string()
        };
        let expected = format!("in /proc/PID/timens_offsets, monotonic {}", in_words(Offset(0, 0)));
        Outcome::new(MONOTONIC, holds, expected, with_return(seen, observed))
    }

    fn stays(seen: &Observation) -> Outcome {
        let others = besides(&seen.left, CHILDREN);
        let expected = "all other files in /proc/PID/ns are what they were";
        let observed = format!("it has left: {}", list(&others));
        Outcome::new(STAYS, seen.alive && others.is_empty(), expected, with_return(seen, observed))
    }

    fn refused(runs: &[Observation], too_far: &Observation) -> Outcome {
        let usual = runs.iter().all(|seen| seen.reply == Reply::Ok);
        let told = matches!(too_far.reply, Reply::Error(_)) && !too_far.reply.is_bare_error();
        let expected = "an error with a context for 147 years (the kernel's limit is 146), and Ok for less";
        let observed = match (told, usual) {
            (true, false) => "the function failed for an allowed offset, too".to_string(),
            _ => in_full(&too_far.reply),
        };
        Outcome::new(REFUSED, usual && told, expected, observed)
    }

    fn in_words(offset: Offset) -> String {
        format!("{} s {} ns", offset.0, offset.1)
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation], too_far: &Observation) -> Option<&'static Mistake> {
        let all = |holds: fn(&Observation) -> bool| runs.iter().all(holds);
        let zero = |seen: &Observation| seen.boottime == Offset(0, 0) && seen.monotonic == Offset(0, 0);
        if !all(|seen| seen.alive) {
            return None;
        }
        if all(|seen| seen.left.is_empty()) {
            // The clocks there aren't the caller's to set (EPERM), or they are, for the machine's root, and
            // frozen (EACCES).
            let written_first = all(|seen| {
                is_errno(&seen.reply, "os error 1)", "EPERM") || is_errno(&seen.reply, "os error 13)", "EACCES")
            });
            return Some(if written_first { &WRITTEN_FIRST } else { &NO_NAMESPACE });
        }
        if !all(is_own) {
            return None;
        }
        if all(|seen| seen.left.contains(&"time")) {
            return Some(&JOINED_ITSELF);
        }
        if runs.iter().all(zero) {
            let error = all(|seen| matches!(seen.reply, Reply::Error(_)));
            return match (error, all(|seen| seen.frozen)) {
                (true, true) => Some(&TOO_LATE),
                (true, false) if all(|seen| is_errno(&seen.reply, "os error 22)", "EINVAL")) => Some(&NO_SUCH_LINE),
                (false, false) if all(|seen| seen.reply == Reply::Ok) => Some(&NEVER_SET),
                _ => None,
            };
        }
        // The short time tells units apart: more of them would be refused.
        let short = runs.iter().min_by_key(|seen| seen.asked)?;
        if is_another_unit(short.boottime, short.asked) {
            return Some(&WRONG_UNIT);
        }
        match () {
            // By whole seconds or exactly: which clock it is comes first.
            () if all(|seen| seen.monotonic != Offset(0, 0) && seen.boottime == Offset(0, 0)) => Some(&WRONG_CLOCK),
            () if all(|seen| seen.monotonic != Offset(0, 0)) => Some(&BOTH_CLOCKS),
            () if all(|seen| seen.boottime == Offset(wanted(seen).0, 0)) => Some(&WHOLE_SECONDS),
            () if all(counts_from_boot) => Some(&ABSOLUTE),
            () if runs.iter().all(|seen| seen.boottime == runs[0].boottime) => Some(&ALWAYS_THE_SAME),
            () if all(|seen| seen.reply == Reply::Ok && seen.boottime == wanted(seen)) => with_a_refusal(too_far),
            () => None,
        }
    }

    /// What the kernel said, as nix words it (`EINVAL: Invalid argument`) or std.
    /// Whether the kernel said this, in std's words or in nix's.
    fn is_errno(reply: &Reply, in_std: &str, in_nix: &str) -> bool {
        let Reply::Error(chain) = reply else { return false };
        chain.last().is_some_and(|last| last.contains(in_std) || last.contains(in_nix))
    }

    fn is_another_unit(offset: Offset, asked: Duration) -> bool {
        [asked.as_millis(), asked.as_micros(), asked.as_nanos()].contains(&(offset.0.max(0) as u128))
    }

    /// What the clock shall show, rather than how far it shall be ahead.
    fn counts_from_boot(seen: &Observation) -> bool {
        const MOMENT: i64 = 30;
        seen.boottime.0 != wanted(seen).0 && (seen.boottime.0 - wanted(seen).0 - seen.up).abs() < MOMENT
    }

    fn with_a_refusal(too_far: &Observation) -> Option<&'static Mistake> {
        match &too_far.reply {
            Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            reply if reply.is_bare_error() => Some(&BARE_ERRNO),
            _ => None,
        }
    }

    /// What was seen, and what the function returned where that isn't Ok. Of a program that has
    /// ended only the latter is known.
    fn with_return(seen: &Observation, observed: String) -> String {
        seen.reply.beside(seen.alive, observed)
    }
}
