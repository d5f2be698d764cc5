//! Exercise 1.10: into the namespaces of a container that runs.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "1.10",
    name: "join",
    title: "into a running container",
    kind: Kind::Build,
    minutes: 45,
    difficulty: Difficulty::Hard,
    chapter: "01-namespaces",
    page: "01-namespaces/join.md",
    shown_by: "exec mydocker ps -e   # while another has run sh",
    needs_cgroups: false,
    hints: &[
        "`ls -l /proc/self/ns` has a file for each kind of namespace, and /proc/PID/ns those of \
         another process. Whose powers do you need over a container's network, and in which of the \
         eight would you get them? And once you are in the container's mount table, whose /proc is \
         it that you read?",
        "setns(2) joins several namespaces in one call, in the order that the kernel needs, if it \
         gets a process as a file descriptor (given::pidfd) and the flags of the kinds. Leave out \
         those that you are in already: for your own user namespace the kernel says EINVAL, for \
         what belongs to somebody else EPERM. Two files in /proc/PID/ns are the same namespace if \
         their inode numbers are.",
        "A list of pairs, (\"user\", CloneFlags::CLONE_NEWUSER) and so on (mnt is CLONE_NEWNS; \
         time is CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)). For each, compare the inode \
         number of /proc/{container}/ns/{kind}, std::fs::metadata(&path).with_context(|| \
         format!(\"{path}\"))?.ino(), with that of /proc/self/ns (std::os::unix::fs::MetadataExt \
         has ino), and collect the flag if they differ. Then one nix::sched::setns(process, flags), \
         with a context as well.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    USER_NOT_FIRST = Mistake::new("user-not-first",
        "Nothing was joined; for a caller who is root of the container's user namespace it works.",
        "The container's namespaces belong to its user namespace, and an ordinary user has powers \
         over them only in there. Their own user namespace is one that they may join (who made it \
         may): that comes first.");
    ALREADY_THERE = Mistake::new("already-there",
        "A container is joined if it shares nothing with the caller, and else it isn't.",
        "Something was joined that the caller is in already. The kernel refuses one's own user \
         namespace (EINVAL: it would give back capabilities that were dropped), and any that \
         belongs to another user namespace (EPERM). Two files in /proc/PID/ns are the same \
         namespace if their inode numbers are.");
    ONE_BY_ONE = Mistake::new("one-by-one",
        "A container is joined, unless it runs in a lab (or any other host of namespaces) itself.",
        "Such a container shares namespaces that don't belong to its own user namespace, but to \
         the lab's. Whoever has joined the first has no powers over the second any more. In a \
         single setns, with the process as a descriptor (given::pidfd) and all flags, the kernel \
         asks for each what you may do before you move.");
    OPENED_TOO_LATE = Mistake::new("opened-too-late",
        "The caller is in the container's mount namespace, and others of its namespaces are \
         missing.",
        "From that moment on, /proc is the container's, where the number of outside means nobody \
         (or somebody else). Open all that is needed first, then join.");
    NO_PID = Mistake::new("no-pid",
        "Everything was joined but the PID namespace.",
        "Whatever the caller starts now has the container's files and network, and the host's \
         process numbers: it isn't seen in there, and it doesn't end with it. setns changes nothing \
         for the caller here: it is for its children.");
    NOT_ALL = Mistake::new("not-all",
        "Some namespaces were joined, and some were forgotten.",
        "There are eight kinds: `ls /proc/self/ns` lists them. (mnt is the one for mounts; time \
         and cgroup are the youngest.)");
    NOTHING_CHANGED = Mistake::new("nothing-changed",
        "The function returned Ok, and the caller is where it was.",
        "setns(2) moves the process (the thread, even) that calls it. A command like nsenter moves \
         itself, and what it starts: its caller stays outside.");
    SWALLOWED_THE_ERROR = Mistake::new("swallowed-the-error",
        "There was nothing to join, and the function returned Ok.",
        "Its caller goes on to start a command in the container, and starts it on the host. A file \
         that can't be opened, a namespace that can't be joined has to be the function's error: `?` \
         does that.");
    BARE_ERRNO = Mistake { why:
        "An errno could be about any of many files. Say which namespace of which process it was: \
         .with_context(|| format!(…))?",
        ..exercise::BARE_ERRNO };
}

#[cfg(feature = "checks")]
pub mod check {
    //! What the kernel shows of a program and of the container that it shall join.

    use anyhow::Result;
    use checker::namespaces::{Namespaces, in_full, list};
    use checker::{Judgement, Outcome, Program, Reply, random};
    use lab::{Lab, observe};

    use checker::processes::named;

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let apart = observe(program, World::apart())?;
        if !apart.alive || matches!(apart.reply, Reply::Silence(_)) {
            return Ok(judge(&Runs::only(apart)));
        }
        // Which two kinds are shared no answer can know.
        let one = random::within(0..World::MAY_BE_SHARED.len() as u32) as usize;
        let other =
            (one + 1 + random::within(0..World::MAY_BE_SHARED.len() as u32 - 1) as usize) % World::MAY_BE_SHARED.len();
        Ok(judge(&Runs {
            apart,
            sharing: observe(program, World::sharing(&[World::MAY_BE_SHARED[one], World::MAY_BE_SHARED[other]]))?,
            inside: observe(program, World::inside())?,
            in_lab: observe(program, World { container: "in a lab", ..World::apart() })?,
            gone: observe(program, World { container: "gone", ..World::apart() })?,
            anothers: observe(program, World { container: "another's", ..World::apart() })?,
        }))
    }

    /// Files of /proc/PID/ns: the caller's, and the container's that it has to become.
    const KINDS: [(&str, &str); 8] = [
        ("cgroup", "cgroup"),
        ("ipc", "ipc"),
        ("mnt", "mnt"),
        ("net", "net"),
        ("pid_for_children", "pid"),
        ("time", "time"),
        ("user", "user"),
        ("uts", "uts"),
    ];

    /// A container, and where its caller stands.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct World {
        /// The kinds of namespaces that the container doesn't share with the caller.
        own: Vec<&'static str>,
        /// `runs`, `in a lab`, `gone`, `another's`.
        container: &'static str,
    }

    #[derive(Debug, Clone)]
    struct Observation {
        reply: Reply,
        /// Whether the program still ran when we looked; if not, the lists below are empty.
        alive: bool,
        /// The kinds in which the caller was not in the container's namespace, before and after.
        apart_before: Vec<&'static str>,
        apart: Vec<&'static str>,
        /// The kinds that the caller has left.
        left: Vec<&'static str>,
        container_lives: bool,
        printed: String,
    }

    impl World {
        /// Kinds that a container may well share with its host.
        const MAY_BE_SHARED: [&str; 4] = ["cgroup", "ipc", "net", "uts"];

        /// An ordinary user's container, with everything of its own.
        fn apart() -> World {
            World { own: KINDS.map(|(_, kind)| kind).to_vec(), container: "runs" }
        }

        fn sharing(shared: &[&str]) -> World {
            let own = World::apart().own.into_iter().filter(|kind| !shared.contains(kind)).collect();
            World { own, container: "runs" }
        }

        /// A container in the user namespace that the caller is root of.
        fn inside() -> World {
            World::sharing(&["user"])
        }
    }

    fn observe(program: &Program, world: World) -> Result<Observation> {
        let mut running = program.start(Lab::new(), &[&world.own.join(","), world.container])?;
        let main = running.main();
        let container = named(main, "container").first().copied();
        let apart = || container.map(|container| apart(main, container)).unwrap_or_default();
        let (before, apart_before) = (Namespaces::read(main), apart());

        let reply = running.go_on()?;

        let (after, apart) = (Namespaces::read(main), apart());
        let container_lives = container.is_some_and(observe::process_exists);
        // Asked last: what was read before was read of a living process.
        let alive = observe::process_exists(main);
        let if_alive = |kinds: Vec<&'static str>| if alive { kinds } else { Vec::new() };
        Ok(Observation {
            reply,
            alive,
            apart_before,
            apart: if_alive(apart),
            left: if_alive(before.left(&after)),
            container_lives,
            printed: running.end(),
        })
    }

    /// The kinds, as the container has them, in which the two differ.
    fn apart(caller: i32, container: i32) -> Vec<&'static str> {
        let inode = |pid, kind: &str| observe::namespace_inode(pid, kind).ok();
        let differ = |(ours, theirs): &(&str, &str)| inode(caller, ours) != inode(container, theirs);
        KINDS.iter().filter(|kind| differ(kind)).map(|(_, kind)| *kind).collect()
    }

    const ALL_JOINED: &str = "an ordinary user is in every namespace of their container";
    const CHILDREN: &str = "the caller's children will be born in the container's PID namespace";
    const SHARED: &str = "it also works where some namespaces are shared already";
    const ROOT: &str = "it also works where the caller is root of the container's user namespace already";
    const IN_LAB: &str = "it also works where the container runs in a lab, with which it shares some";
    const GONE: &str = "a container that is gone is an error that says so";
    const ANOTHERS: &str = "somebody else's container is an error that says so, and the caller stays where it was";

    #[derive(Debug, Clone)]
    struct Runs {
        /// A container with everything of its own; one that shares something; one in the caller's
        /// user namespace.
        apart: Observation,
        sharing: Observation,
        inside: Observation,
        /// One in a lab, whose namespaces belong to another user namespace than the container's,
        /// and than the caller's.
        in_lab: Observation,
        /// A container that has ended, and a process that is no business of the caller's.
        gone: Observation,
        anothers: Observation,
    }

    impl Runs {
        /// For an answer that ended the program, or never returned: it will do so everywhere.
        fn only(seen: Observation) -> Runs {
            let [sharing, inside, in_lab, gone, anothers] = std::array::from_fn(|_| seen.clone());
            Runs { apart: seen, sharing, inside, in_lab, gone, anothers }
        }
    }

    fn judge(runs: &Runs) -> Judgement {
        let Runs { apart, sharing, inside, in_lab, gone, anothers } = runs;
        let outcomes = vec![
            joined(ALL_JOINED, apart, &["pid"]),
            children(apart),
            joined(SHARED, sharing, &[]),
            joined(ROOT, inside, &[]),
            joined(IN_LAB, in_lab, &[]),
            refused(GONE, gone),
            refused(ANOTHERS, anothers),
        ];
        let printed = [apart, sharing, inside, in_lab, gone, anothers].map(|seen| &seen.printed);
        Judgement::new(outcomes, mistake(runs), printed)
    }

    fn has_joined(seen: &Observation) -> bool {
        seen.alive && seen.reply == Reply::Ok && seen.container_lives && seen.apart.is_empty()
    }

    /// `elsewhere` are kinds that another check is about.
    fn joined(claim: &'static str, seen: &Observation, elsewhere: &[&str]) -> Outcome {
        let missing: Vec<&str> = seen.apart.iter().copied().filter(|kind| !elsewhere.contains(kind)).collect();
        let holds = seen.alive && seen.reply == Reply::Ok && seen.container_lives && missing.is_empty();
        let observed = match () {
            () if !seen.container_lives => "the container has ended".to_string(),
            () if missing.is_empty() => "it is".to_string(),
            () => format!("not the same as the container's: {}", list(&missing)),
        };
        let expected = "the files in the caller's /proc/PID/ns are the container's, by their inode numbers";
        Outcome::new(claim, holds, expected, with_return(seen, observed))
    }

    fn children(seen: &Observation) -> Outcome {
        let holds = seen.alive && seen.reply == Reply::Ok && !seen.apart.contains(&"pid");
        let expected = "the caller's pid_for_children is the container's pid";
        Outcome::new(CHILDREN, holds, expected, with_return(seen, "it is another one".into()))
    }

    fn refused(claim: &'static str, seen: &Observation) -> Outcome {
        let told = matches!(seen.reply, Reply::Error(_)) && !seen.reply.is_bare_error();
        let holds = seen.alive && told && seen.left.is_empty();
        let observed = match seen.left[..] {
            [] => in_full(&seen.reply),
            _ => format!("{}; the caller has left: {}", in_full(&seen.reply), list(&seen.left)),
        };
        Outcome::new(claim, holds, "an error with a context, and the caller is where it was", observed)
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &Runs) -> Option<&'static Mistake> {
        let Runs { apart, sharing, inside, in_lab, gone, anothers } = runs;
        if [apart, sharing, inside, in_lab].iter().any(|seen| !seen.alive || !seen.container_lives) {
            return None;
        }
        if !has_joined(apart) {
            return match &apart.reply {
                Reply::Ok => not_all(apart),
                // The first one was refused, which is none where the caller has the powers already.
                Reply::Error(_) if apart.left.is_empty() && has_joined(inside) => Some(&USER_NOT_FIRST),
                Reply::Error(_) if !apart.apart.contains(&"mnt") => Some(&OPENED_TOO_LATE),
                _ => None,
            };
        }
        let failed = |seen: &Observation| matches!(seen.reply, Reply::Error(_)) && !seen.apart.is_empty();
        match () {
            () if failed(inside) || failed(sharing) => Some(&ALREADY_THERE),
            () if !has_joined(inside) || !has_joined(sharing) => None,
            () if failed(in_lab) => Some(&ONE_BY_ONE),
            () if !has_joined(in_lab) => None,
            () if gone.reply == Reply::Ok || anothers.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if gone.reply.is_bare_error() || anothers.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }

    fn not_all(seen: &Observation) -> Option<&'static Mistake> {
        match seen.apart[..] {
            ["pid"] => Some(&NO_PID),
            _ if seen.left.is_empty() => Some(&NOTHING_CHANGED),
            _ if seen.apart.len() < seen.apart_before.len() => Some(&NOT_ALL),
            _ => None,
        }
    }

    /// What was seen, and what the function returned where that isn't Ok. Of a program that has
    /// ended only the latter is known.
    fn with_return(seen: &Observation, observed: String) -> String {
        seen.reply.beside(seen.alive, observed)
    }
}
