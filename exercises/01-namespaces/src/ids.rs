//! Exercise 1.4: root in a user namespace of one's own, without privilege.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "1.4",
    name: "ids",
    title: "root, without being root",
    kind: Kind::Build,
    minutes: 40,
    difficulty: Difficulty::Medium,
    chapter: "01-namespaces",
    page: "01-namespaces/user.md",
    shown_by: "run id",
    needs_cgroups: false,
    hints: &[
        "Who are you right after unshare(CLONE_NEWUSER)? (`unshare --user id -u` says it.) And who \
         were you before? One of the two numbers belongs into the map, and at one of the two \
         moments you can't ask for it any more.",
        "A map is a file in /proc/self: uid_map for users, gid_map for groups. Its line reads: id \
         inside, id outside, how many. An ordinary user may map one id, their own. One more file, \
         setgroups, has to say \"deny\" before the kernel lets an ordinary user write gid_map.",
        "Each of the three files is written by one write(2): \
         std::fs::write(\"/proc/self/uid_map\", format!(\"0 {uid} 1\")) does that, write!(file, …) \
         doesn't. Before all that: nix::unistd::geteuid and getegid. Give each step a context: the \
         kernel says EPERM to three different mistakes here.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    NO_NAMESPACE = Mistake::new("no-namespace",
        "The process is in the user namespace that it was in before.",
        "One becomes root by being in another user namespace, not by another call. A user \
         namespace belongs to a process: one that a child (or a command like `unshare`) moved to is \
         of no use to its parent.");
    SETGROUPS_ALLOWED = Mistake::new("setgroups-allowed",
        "The user is mapped; but when it came to the group, nobody had denied setgroups.",
        "Dropping a group can open a file that denies that group. So the kernel lets an ordinary \
         user map groups only in a namespace where nobody can drop one: \"deny\" has to be in \
         /proc/self/setgroups before gid_map is written. (In the lab that may be inherited, so that \
         the kernel lets it pass; on the machine it says EPERM.)");
    READ_TOO_LATE = Mistake::new("read-too-late",
        "The kernel refused the map; for a user whose id is 65534 it would have been right.",
        "65534 is what every id reads as in a namespace without maps. So the ids were asked for \
         after the process had moved. There is one moment where the answer is wrong.");
    ALWAYS_THE_SAME_ID = Mistake::new("always-the-same-id",
        "The kernel refused the map; for a user whose id is 1000 it would have been right.",
        "An ordinary user may map their own id only, and not everybody is 1000 (here the check \
         chose another). Ask who the caller is.");
    MALFORMED = Mistake::new("malformed",
        "The kernel couldn't read the map: EINVAL.",
        "A map file takes whole lines of three numbers (inside, outside, how many), all of them in \
         one write(2). write! to a file makes one write(2) for each piece of the text: make the \
         text first, then write it.");
    UNMAPPED = Mistake::new("unmapped",
        "There is a user namespace, and no user in it.",
        "A new one has no ids at all: everybody reads as 65534, \"nobody\". Who is who is said by \
         /proc/self/uid_map and gid_map.");
    GROUP_UNMAPPED = Mistake::new("group-unmapped",
        "The user is root, and the group is nobody's.",
        "Groups have a map of their own, /proc/self/gid_map, which the kernel guards more closely \
         than the users': see user_namespaces(7) on setgroups.");
    MAPPED_TO_ITSELF = Mistake::new("mapped-to-itself",
        "Inside, the user has the id that it has outside.",
        "The first number of a map's line is the id inside, and root's is 0.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The kernel refused a user namespace, and the function returned Ok.",
        "Its caller believes now that it is root.");
    BARE_ERRNO = Mistake { why:
        "Four steps can be refused here, three of them with EPERM. Say which it was: \
         call.context(\"what was being done\")?",
        ..exercise::BARE_ERRNO };
}

#[cfg(feature = "checks")]
pub mod check {
    //! What the kernel shows of a program's user namespace, after the answer has returned.

    use crate::writes::Writes;
    use anyhow::Result;
    use checker::namespaces::{Namespaces, besides, list};
    use checker::{Judgement, Outcome, Program, Reply, random};
    use lab::Lab;
    use lab::observe::{self, IdRange};

    use checker::processes::status;

    use super::*;

    /// What `id -u` prints for a lone user of most machines, and what an unmapped id reads as.
    const FIRST_USER: u32 = 1000;
    const OVERFLOW: u32 = 65534;

    pub fn check(program: &Program) -> Result<Judgement> {
        let anybody = || random::within(2000..60_000);
        let first = observe(program, World { uid: anybody(), gid: anybody(), room: true })?;
        if !first.alive || matches!(first.reply, Reply::Silence(_)) {
            return Ok(judge(std::slice::from_ref(&first), &first, &[]));
        }
        let second = observe(program, World { uid: anybody(), gid: anybody(), room: true })?;
        let refused = observe(program, World { uid: anybody(), gid: anybody(), room: false })?;
        Ok(judge(&[first.clone(), second], &refused, &worlds_that_tell(program, &first)?))
    }

    /// A map that the kernel refused leaves no trace of what was written. But there are users with
    /// whom the wrong number is the right one.
    fn worlds_that_tell(program: &Program, seen: &Observation) -> Result<Vec<Observation>> {
        if !was_refused(seen) {
            return Ok(Vec::new());
        }
        let world = |id| observe(program, World { uid: id, gid: id, room: true });
        Ok(vec![world(OVERFLOW)?, world(FIRST_USER)?])
    }

    /// Whom the program is made before it calls the answer: an ordinary user, whoever runs the
    /// check.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct World {
        uid: u32,
        gid: u32,
        /// Whether the user may make user namespaces.
        room: bool,
    }

    #[derive(Debug, Clone)]
    struct Observation {
        world: World,
        reply: Reply,
        /// Whether the program still ran when we looked; if not, the fields below are empty.
        alive: bool,
        /// The kinds of namespaces that the program has left.
        left: Vec<&'static str>,
        uid_map: Vec<IdRange>,
        gid_map: Vec<IdRange>,
        /// `allow` or `deny`.
        setgroups: String,
        /// Which of the three files were written with success, in this order.
        written: Vec<&'static str>,
        /// Effective ids as numbered outside of all this, before and after.
        outside_before: Ids,
        outside: Ids,
        /// Capabilities that the program lacks, as bits.
        lacks: u64,
        printed: String,
    }

    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    struct Ids {
        uid: u32,
        gid: u32,
    }

    fn observe(program: &Program, world: World) -> Result<Observation> {
        let (uid, gid) = (world.uid.to_string(), world.gid.to_string());
        let room = if world.room { "room" } else { "no room" };
        let mut running = program.start(Lab::new(), &[&uid, &gid, room])?;
        let main = running.main();
        let before = Namespaces::read(main);
        let outside_before = Ids::for_process(main);
        let writes = Writes::watch(main)?;

        let reply = running.go_on()?;

        let after = Namespaces::read(main);
        let mut seen = Observation {
            world,
            reply,
            alive: false,
            left: before.left(&after),
            uid_map: observe::uid_map(main).unwrap_or_default(),
            gid_map: observe::gid_map(main).unwrap_or_default(),
            setgroups: observe::setgroups(main).unwrap_or_default(),
            written: writes.so_far()?,
            outside_before,
            outside: Ids::for_process(main),
            lacks: observe::capabilities(main).map_or(u64::MAX, |sets| all_capabilities() & !sets.effective),
            printed: String::new(),
        };
        // Asked last: what was read before was read of a living process.
        seen.alive = observe::process_exists(main);
        if !seen.alive {
            seen.left.clear();
        }
        seen.printed = running.end();
        Ok(seen)
    }

    impl Ids {
        fn for_process(pid: i32) -> Ids {
            // Real, effective, saved, file system's.
            let effective = |field| status(pid, field)?.split_whitespace().nth(1)?.parse().ok();
            Ids { uid: effective("Uid").unwrap_or(u32::MAX), gid: effective("Gid").unwrap_or(u32::MAX) }
        }
    }

    fn all_capabilities() -> u64 {
        let last =
            std::fs::read_to_string("/proc/sys/kernel/cap_last_cap").ok().and_then(|text| text.trim().parse().ok());
        // CAP_CHECKPOINT_RESTORE, the last one of Linux 5.14.
        u64::MAX >> (63 - last.unwrap_or(40u32).min(63))
    }

    const OWN: &str = "the process is in a user namespace of its own";
    const USER: &str = "its user is root there, outside who it was, and the only one that is mapped";
    const GROUP: &str = "its group is root's there, outside the one it was, and the only one that is mapped";
    const SETGROUPS: &str = "setgroups was denied there before the group was mapped";
    const CAPABLE: &str = "it has every capability there";
    const ELSE: &str = "every other namespace is the one that it had";
    const REFUSED: &str = "a refusal comes back as an error that says what was refused";

    /// `runs` had different ids; in `refused` the kernel allows no user namespace; `tell` are
    /// worlds in which a wrong number happens to be right.
    fn judge(runs: &[Observation], refused: &Observation, tell: &[Observation]) -> Judgement {
        let outcomes = vec![
            Outcome::first_failing(runs, own),
            Outcome::first_failing(runs, |seen| {
                mapped(seen, USER, &seen.uid_map, seen.outside.uid, seen.outside_before.uid)
            }),
            Outcome::first_failing(runs, |seen| {
                mapped(seen, GROUP, &seen.gid_map, seen.outside.gid, seen.outside_before.gid)
            }),
            Outcome::first_failing(runs, setgroups),
            Outcome::first_failing(runs, capable),
            Outcome::first_failing(runs, nothing_else),
            says_why(runs, refused),
        ];
        let printed = runs.iter().chain([refused]).map(|seen| &seen.printed);
        Judgement::new(outcomes, mistake(runs, refused, tell), printed)
    }

    /// The answer made a namespace, and failed before the user was mapped in it.
    fn was_refused(seen: &Observation) -> bool {
        seen.alive && is_own(seen) && is_error(seen) && seen.uid_map.is_empty()
    }

    fn is_error(seen: &Observation) -> bool {
        matches!(seen.reply, Reply::Error(_))
    }

    fn is_own(seen: &Observation) -> bool {
        seen.left.contains(&"user")
    }

    fn own(seen: &Observation) -> Outcome {
        let expected = "after the call, /proc/PID/ns/user is another one than before";
        Outcome::new(OWN, seen.alive && is_own(seen), expected, with_return(seen, "it is the same one".into()))
    }

    /// One line that makes the caller's own id 0.
    fn is_root_alone(map: &[IdRange], outside: u32) -> bool {
        *map == [IdRange { inside: 0, outside, length: 1 }]
    }

    fn mapped(seen: &Observation, claim: &'static str, map: &[IdRange], outside: u32, before: u32) -> Outcome {
        let holds = seen.alive && is_own(seen) && outside == before && is_root_alone(map, before);
        let observed = if !is_own(seen) {
            "there is no new user namespace".to_string()
        } else if outside != before {
            format!("its id outside is {outside} now")
        } else {
            in_words(map, before)
        };
        let expected = format!("/proc/PID/{} has one line, that maps 0 to its own id", file(claim));
        Outcome::new(claim, holds, expected, with_return(seen, observed))
    }

    fn file(claim: &str) -> &'static str {
        if claim == USER { "uid_map" } else { "gid_map" }
    }

    fn in_words(map: &[IdRange], own: u32) -> String {
        let whose = |id| if id == own { "its own".to_string() } else { format!("id {id}") };
        let line = |range: &IdRange| match range.length {
            1 => format!("it maps {} to {}", range.inside, whose(range.outside)),
            many => format!("it maps {many} ids from {} on to those from {} on", range.inside, whose(range.outside)),
        };
        if map.is_empty() { "it is empty".into() } else { map.iter().map(line).collect::<Vec<_>>().join(", and ") }
    }

    fn setgroups(seen: &Observation) -> Outcome {
        let holds = seen.alive && is_own(seen) && denied_in_time(seen);
        let observed = match seen.written[..] {
            _ if !is_own(seen) => "there is no new user namespace".to_string(),
            [] => "none of the three files was written to".to_string(),
            _ => format!("written to, in this order: {}", list(&seen.written)),
        };
        let expected = "\"deny\" was written to /proc/PID/setgroups, and gid_map afterwards if at all";
        Outcome::new(SETGROUPS, holds, expected, with_return(seen, observed))
    }

    fn denied_in_time(seen: &Observation) -> bool {
        let place = |file| seen.written.iter().position(|written| *written == file);
        let denied = place("setgroups").filter(|_| seen.setgroups == "deny");
        denied.is_some_and(|denied| place("gid_map").is_none_or(|mapped| denied < mapped))
    }

    fn capable(seen: &Observation) -> Outcome {
        let holds = seen.alive && is_own(seen) && seen.lacks == 0;
        let observed = match seen.lacks {
            0 => "there is no new user namespace".to_string(),
            some => format!("CapEff lacks {} of them ({some:#x})", some.count_ones()),
        };
        Outcome::new(CAPABLE, holds, "CapEff in /proc/PID/status has all bits set", with_return(seen, observed))
    }

    fn nothing_else(seen: &Observation) -> Outcome {
        let others = besides(&seen.left, "user");
        let holds = seen.alive && others.is_empty();
        let expected = "all other files in /proc/PID/ns are what they were";
        Outcome::new(ELSE, holds, expected, with_return(seen, format!("it has also left: {}", list(&others))))
    }

    fn says_why(runs: &[Observation], refused: &Observation) -> Outcome {
        let usual = runs.iter().all(|seen| seen.reply == Reply::Ok);
        let told = matches!(refused.reply, Reply::Error(_)) && !refused.reply.is_bare_error();
        let expected = "where the kernel allows no user namespace: an error with a context; elsewhere none";
        let observed = if told && !usual {
            "where it allows one, there is an error, too".to_string()
        } else {
            refused.reply.in_words()
        };
        Outcome::new(REFUSED, usual && told, expected, observed)
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation], refused: &Observation, tell: &[Observation]) -> Option<&'static Mistake> {
        let all = |holds: fn(&Observation) -> bool| runs.iter().all(holds);
        if !all(|seen| seen.alive) {
            return None;
        }
        if all(|seen| !is_own(seen)) {
            return Some(&NO_NAMESPACE).filter(|_| all(|seen| seen.left.is_empty()));
        }
        let user = all(|seen| is_root_alone(&seen.uid_map, seen.outside_before.uid));
        if user && all(|seen| !denied_in_time(seen) && (seen.written.contains(&"gid_map") || is_error(seen))) {
            return Some(&SETGROUPS_ALLOWED);
        }
        if all(is_error) {
            return after_an_error(runs, tell);
        }
        if !all(|seen| seen.reply == Reply::Ok) {
            return None;
        }
        match () {
            () if all(|seen| seen.uid_map.is_empty()) => Some(&UNMAPPED),
            () if all(is_itself) => Some(&MAPPED_TO_ITSELF),
            () if user && all(|seen| seen.gid_map.is_empty()) => Some(&GROUP_UNMAPPED),
            () if user && all(|seen| is_root_alone(&seen.gid_map, seen.outside_before.gid)) => with_a_refusal(refused),
            () => None,
        }
    }

    fn after_an_error(runs: &[Observation], tell: &[Observation]) -> Option<&'static Mistake> {
        let all = |holds: fn(&Observation) -> bool| runs.iter().all(holds);
        // The wrong number happens to be right for this user.
        let passes_as = |id| tell.iter().any(|seen| seen.world.uid == id && !seen.uid_map.is_empty());
        if !all(was_refused) {
            return None;
        }
        match (passes_as(OVERFLOW), passes_as(FIRST_USER)) {
            (true, false) => Some(&READ_TOO_LATE),
            (false, true) => Some(&ALWAYS_THE_SAME_ID),
            _ if all(is_malformed) => Some(&MALFORMED),
            _ => None,
        }
    }

    /// The kernel couldn't read what was written, and the answer handed its word on.
    fn is_malformed(seen: &Observation) -> bool {
        let last = match &seen.reply {
            Reply::Error(chain) => chain.last(),
            _ => None,
        };
        last.is_some_and(|error| error.starts_with("EINVAL") || error.contains("os error 22"))
    }

    fn is_itself(seen: &Observation) -> bool {
        let same = |map: &[IdRange], inside, outside| *map == [IdRange { inside, outside, length: 1 }];
        same(&seen.uid_map, seen.world.uid, seen.outside_before.uid)
    }

    fn with_a_refusal(refused: &Observation) -> Option<&'static Mistake> {
        match &refused.reply {
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
