//! Exercise 2.1: a mount table of its own, and private.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "2.1",
    name: "private_mounts",
    title: "a mount table of its own, and private",
    kind: Kind::Build,
    minutes: 15,
    difficulty: Difficulty::Easy,
    chapter: "02-rootfs",
    page: "02-rootfs/not.md",
    shown_by: "run cat /proc/self/mountinfo",
    needs_cgroups: false,
    hints: &[
        "In a shell it would be: unshare --user --map-root-user --mount --propagation unchanged \
         sh, and then in that shell: mount --make-rprivate /. (Without the option --propagation, \
         unshare(1) does the second part unasked.) What would the second do without the first, and \
         to whom?",
        "unshare(2) has a flag for the mount namespace, and it is called CLONE_NEWNS: it was the \
         first kind, and nobody expected a second. Then mount(2), with no source, no type and no \
         data, only a target and flags, changes the propagation of a mount that is there.",
        "nix::mount::mount(None::<&str>, \"/\", None::<&str>, flags, None::<&str>). Each mount has \
         its own propagation, / too; a flag that means \"and all below\" has \"recursive\" in its \
         name. findmnt -o TARGET,PROPAGATION shows what each has.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    STILL_SHARED = Mistake::new("still-shared",
        "The process has a mount table of its own, and it is still connected with the host's.",
        "The copy of a shared mount is shared with the original: what is mounted in one table \
         appears in the other, and what is unmounted goes in both. systemd makes / shared on nearly \
         every machine. A new mount namespace has to be made private.");
    NOT_ALL = Mistake::new("only-the-top",
        "/ is private, and the mounts below it are shared as they were.",
        "Each mount has its own propagation; changing that of / changes one line of the table. The \
         place where the container mounted something lies on another. mount(2) has a flag for the \
         whole tree.");
    STILL_LISTENS = Mistake::new("still-listens",
        "Nothing leaves the container's table, but what is mounted on the host still arrives in \
         it.",
        "These mounts are slaves (master:N in mountinfo): one way is cut, the other isn't. That is \
         what runc does on purpose; here the table shall be private both ways.");
    ANOTHER_USER_NAMESPACE = exercise::ANOTHER_USER_NAMESPACE;
    CHANGED_THE_HOST = Mistake::new("changed-the-host",
        "You made the host's mounts private (here only the lab's), and left afterwards.",
        "The order matters: whoever makes mounts private does so in the table they are in at that \
         moment. The copy is private as well, so all looks well; but services of the host that rely \
         on shared mounts don't see new ones any more.");
    NEVER_LEFT = Mistake::new("never-left",
        "The process is in the host's mount namespace, and has made the host's mounts private \
         (here only the lab's).",
        "Private means: no connection between tables. But there is one table, the host's, and the \
         container mounts in it. First it needs a table of its own.");
    NOTHING_CHANGED = Mistake::new("nothing-changed",
        "The function returned Ok, and the process is where it was.",
        "A namespace belongs to a process (to a thread, even): if a child process or another \
         thread made the calls, the change was theirs alone and went with them. This process has to \
         make them itself.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The kernel refused it, and the function returned Ok.",
        "Its caller goes on to mount in what it takes for its own table, and as root of the \
         machine that is the machine's.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! What the kernel shows of both mount tables, the host's and the program's.

    use std::path::PathBuf;

    use anyhow::Result;
    use checker::namespaces::{Namespaces, besides, list};
    use checker::{Judgement, Outcome, Program, Reply};
    use lab::observe::{Mount, mountinfo};
    use lab::{Lab, observe};

    use checker::view::{new_place, refused, same_table, unless_failed, word};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let seen = observe(program)?;
        if !seen.alive || matches!(seen.reply, Reply::Silence(_)) {
            // One that never returns won't the next time either, and the learner waits.
            return Ok(judge(&seen, &Refused::like(&seen)));
        }
        Ok(judge(&seen, &at_nobody(program)?))
    }

    #[derive(Debug, Clone)]
    struct Observation {
        reply: Reply,
        /// Whether the program still ran when we looked; if not, its table is empty.
        alive: bool,
        /// Where the host has a mount, in which is another one, `hosts`; the container mounts
        /// `containers` there, and unmounts `hosts`.
        place: PathBuf,
        own_table: bool,
        /// The kinds of namespaces that the answer has left.
        left: Vec<&'static str>,
        host_before: Vec<Mount>,
        host_after: Vec<Mount>,
        table: Vec<Mount>,
        printed: String,
    }

    /// A run as somebody who may not make a mount namespace.
    #[derive(Debug, Clone)]
    struct Refused {
        reply: Reply,
        alive: bool,
        moved: bool,
    }

    /// Runs the program on a host whose mounts are shared, as systemd leaves them.
    fn observe(program: &Program) -> Result<Observation> {
        let place = new_place();
        let mut running = program.start(Lab::new().shared_mounts(), &[word(&place)])?;
        let (host, main) = (running.init(), running.main());
        let host_before = mountinfo(host)?;
        let before = Namespaces::read(main);

        let reply = running.go_on()?;

        let left = before.left(&Namespaces::read(main));
        let own_table = !same_table(main, host);
        let table = mountinfo(main).unwrap_or_default();
        // Asked between: what was read before was read of a living process, and with it the lab's host
        // lives.
        let alive = observe::process_exists(main);
        let host_after = if alive { mountinfo(host)? } else { Vec::new() };
        Ok(Observation { reply, alive, place, own_table, left, host_before, host_after, table, printed: running.end() })
    }

    fn at_nobody(program: &Program) -> Result<Refused> {
        let mut running = program.start(Lab::new().shared_mounts(), &["nobody"])?;
        let (host, main) = (running.init(), running.main());
        let reply = running.go_on()?;
        let moved = !same_table(main, host);
        Ok(Refused { reply, alive: observe::process_exists(main), moved })
    }

    impl Refused {
        /// For an answer that ended the program, or never returned.
        fn like(seen: &Observation) -> Refused {
            Refused { reply: seen.reply.clone(), alive: seen.alive, moved: false }
        }
    }

    impl Observation {
        /// Those of the program's mounts that are still connected with others.
        fn connected(&self) -> Vec<&Mount> {
            self.table.iter().filter(|mount| !mount.is_private() || mount.propagation.unbindable).collect()
        }

        fn leaked(&self) -> bool {
            has(&self.host_after, &self.place.join("containers"))
        }

        fn took_away(&self) -> bool {
            !has(&self.host_after, &self.place.join("hosts"))
        }

        /// Whether the container's own mount is in its table: else nothing is proved by its absence
        /// elsewhere.
        fn mounted(&self) -> bool {
            has(&self.table, &self.place.join("containers"))
        }

        /// The host's mounts whose propagation has changed.
        fn changed_on_host(&self) -> Vec<&Mount> {
            let before = |now: &Mount| self.host_before.iter().find(|mount| mount.id == now.id);
            let changed = |now: &&Mount| before(now).is_some_and(|before| before.propagation != now.propagation);
            self.host_after.iter().filter(changed).collect()
        }
    }

    fn has(table: &[Mount], place: &PathBuf) -> bool {
        table.iter().any(|mount| mount.mount_point == *place)
    }

    const OWN: &str = "its mount namespace is new, and every other one is the one that it had";
    const PRIVATE: &str = "every mount in it is private";
    const NO_LEAK: &str = "what it mounts then is its own, and what it unmounts is still there on the host";
    const HOST_KEPT: &str = "the host's mounts are shared as they were";
    const REFUSED: &str = "who may not do it gets an error that says what was refused";

    fn judge(seen: &Observation, nobody: &Refused) -> Judgement {
        let outcomes = vec![
            own(seen),
            private(seen),
            no_leak(seen),
            host_kept(seen),
            refused(REFUSED, &nobody.reply, nobody.alive, !nobody.moved, "it has left the host's mount namespace"),
        ];
        // Not of the run that is refused: that the answer says so is right.
        Judgement::new(outcomes, mistake(seen, nobody), [&seen.printed])
    }

    fn outcome(claim: &'static str, seen: &Observation, holds: bool, expected: &str, observed: String) -> Outcome {
        let holds = seen.alive && seen.reply == Reply::Ok && holds;
        Outcome::new(claim, holds, expected, unless_failed(&seen.reply, seen.alive, observed))
    }

    fn own(seen: &Observation) -> Outcome {
        let others = besides(&seen.left, "mnt");
        let observed = match others[..] {
            _ if !seen.own_table => "the process is in the host's".to_string(),
            [] => "it is".to_string(),
            _ => format!("it is, and it has also left: {}", list(&others)),
        };
        let expected = "of the files in /proc/PID/ns only mnt isn't the host's";
        outcome(OWN, seen, seen.own_table && others.is_empty(), expected, observed)
    }

    fn private(seen: &Observation) -> Outcome {
        let connected = seen.connected();
        let holds = seen.own_table && !seen.table.is_empty() && connected.is_empty();
        let observed = match &connected[..] {
            [] if seen.own_table => "they are".to_string(),
            [] => "they are, and they are the host's".to_string(),
            [first, ..] => format!("{} of {} aren't; {}", connected.len(), seen.table.len(), in_words(first)),
        };
        outcome(PRIVATE, seen, holds, "in /proc/PID/mountinfo no mount is shared:N, or master:N", observed)
    }

    /// `/ is shared:7`
    fn in_words(mount: &Mount) -> String {
        let propagation = &mount.propagation;
        let kind = match (propagation.shared, propagation.master) {
            (Some(group), _) => format!("shared:{group}"),
            (None, Some(group)) => format!("master:{group}"),
            _ => "unbindable".to_string(),
        };
        format!("{} is {kind}", mount.mount_point.display())
    }

    fn no_leak(seen: &Observation) -> Outcome {
        let observed = match (seen.leaked(), seen.took_away()) {
            (true, true) => "the container's mount is on the host, and the host's own is gone",
            (true, false) => "the container's mount is on the host",
            (false, true) => "the host's own mount is gone",
            (false, false) if seen.mounted() => "nothing of it",
            (false, false) => "nothing could be mounted in the container",
        };
        let holds = !seen.leaked() && !seen.took_away() && seen.mounted();
        outcome(NO_LEAK, seen, holds, "the host's mount table, as it was", observed.into())
    }

    fn host_kept(seen: &Observation) -> Outcome {
        let changed = seen.changed_on_host();
        let observed = match &changed[..] {
            [] => "they are".to_string(),
            [first, ..] => {
                let now = if first.is_private() { "private now" } else { "another now" };
                format!("{} of them are {now}, {} for one", changed.len(), first.mount_point.display())
            }
        };
        outcome(HOST_KEPT, seen, changed.is_empty(), "each mount's propagation, as it was", observed)
    }

    /// The mistake that fits everything that was seen.
    fn mistake(seen: &Observation, nobody: &Refused) -> Option<&'static Mistake> {
        if !seen.alive || seen.reply != Reply::Ok {
            return None;
        }
        let host_changed = !seen.changed_on_host().is_empty();
        let connected = seen.connected();
        let all_shared = seen.table.iter().all(|mount| mount.propagation.shared.is_some());
        let none_shared = connected.iter().all(|mount| mount.propagation.shared.is_none());
        match () {
            () if !seen.own_table && host_changed => Some(&NEVER_LEFT),
            () if !seen.own_table => Some(&NOTHING_CHANGED),
            () if host_changed && connected.is_empty() => Some(&CHANGED_THE_HOST),
            () if host_changed => None,
            // What it has unmounted itself is missing, and what it has mounted took after what it lies on.
            () if all_shared && seen.leaked() => Some(&STILL_SHARED),
            () if !connected.is_empty()
                && connected.iter().all(|mount| mount.propagation.master.is_some())
                && none_shared =>
            {
                Some(&STILL_LISTENS)
            }
            () if seen.leaked() => Some(&NOT_ALL),
            () if !connected.is_empty() || seen.took_away() || !seen.mounted() => None,
            () if seen.left.contains(&"user") => Some(&ANOTHER_USER_NAMESPACE),
            () if nobody.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if nobody.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
