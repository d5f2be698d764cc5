//! Exercise 2.4: another /, and the old one gone.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "2.4",
    name: "pivot",
    title: "another /, and the old one gone",
    kind: Kind::Build,
    minutes: 35,
    difficulty: Difficulty::Medium,
    chapter: "02-rootfs",
    page: "02-rootfs/pivot.md",
    shown_by: "run ls /",
    needs_cgroups: false,
    hints: &[
        "pivot_root(2) exchanges mounts. Where a directory is no mount, it says EINVAL, \"Invalid \
         argument\". How does a directory become one, at the same place and with the same files? (In a \
         shell: mount --rbind box box. What would --bind alone leave behind?)",
        "After the exchange the old root is still in the table, and everything of the host's with \
         it: somewhere below the new root, or on top of it. umount2(2) takes it away; as somebody \
         always has a file open there, it has to be done lazily (MNT_DETACH). And the process's \
         working directory: where is it?",
        "nix has mount, umount2 (nix::mount), chdir and pivot_root (nix::unistd). The notes of \
         pivot_root(2) have a part called pivot_root(\".\", \".\"): bind, then go in (whoever went \
         in before stands below the mount). Then both arguments are the same, no directory is needed \
         for the old root, and the next umount2(\".\", …) means the old one, since it lies on top.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    CHROOT = Mistake::new("chroot",
        "This process has another /, and the mount namespace has the old one.",
        "That is what chroot(2) does: it moves one pointer of one process. The host's files are \
         still in the mount table, and root walks back to them; you will, in exercise 2.4. Here the \
         table itself has to change.");
    NOT_A_MOUNT = Mistake::new("not-a-mount",
        "It works where the new root is a mount, and is refused where it is a mere directory.",
        "pivot_root(2) exchanges mounts, which are lines of the mount table; a directory in the \
         middle of a file system has none: EINVAL. Bound on itself, it is a mount, at the same \
         place and with the same files.");
    WENT_IN_FIRST = Mistake::new("went-in-first",
        "You stand in the directory below the mount: you went in before it was bound.",
        "A mount covers the directory that it is made on. Whoever stands in there already stays below \
         it, and to them \".\" is the mere directory that it was: pivot_root(2) says EINVAL. Bind it \
         first, and go in afterwards.");
    OLD_ROOT_STAYS = Mistake::new("old-root-stays",
        "The roots have changed places, and the old one is still in the mount table, with all its \
         files.",
        "pivot_root(2) attaches it somewhere below the new root, or on top of it (there `cd ..` \
         leads to it). It has to be unmounted, together with what is mounted below it.");
    NOT_LAZILY = Mistake::new("not-lazily",
        "The roots have changed places, and the old one could not be unmounted.",
        "Something of it is always in use: an open file, another mount below it. umount2(2) has a \
         flag that takes it out of the table at once, and frees it when its last user has gone.");
    LEFT_BEHIND = Mistake::new("left-behind",
        "What was mounted below the directory stayed behind: its place is an empty directory in the new \
         root.",
        "A bind mount shows the one mount that the directory is on. With a flag it takes along those \
         below it. In `run`, /proc and the volumes are mounted there already.");
    FOOT_OUTSIDE = Mistake::new("foot-outside",
        "The process's root is the new one, and its working directory is still in the old one.",
        "The kernel moves the working directory along only if it was at the old root itself. A \
         path that doesn't begin with / still begins outside, whatever has been unmounted.");
    LEFT_A_DIRECTORY = Mistake::new("left-a-directory",
        "The directory that was made for the old root is still in the new one.",
        "The image isn't yours to write in, and may be read-only. Remove the directory; or do without \
         one, as pivot_root(2) describes under \"pivot_root(\".\", \".\")\".");
    NOTHING_CHANGED = Mistake::new("nothing-changed",
        "The function returned Ok, and the process has the root that it had.",
        "If a child process, or a command, has made the calls, the change may have been theirs \
         alone; and a result that is dropped hides what the kernel refused.");
    SWALLOWED_THE_ERROR = Mistake::new("swallowed-the-error",
        "The new root isn't there, and the function returned Ok.",
        "Its caller starts a stranger's command now, and the files it finds are the host's. Return \
         the error: `?` does that.");
    BARE_ERRNO = Mistake { why:
        "Four calls could have said so, and EINVAL alone has six reasons. anyhow's Context adds \
         which call it was: call.context(\"what was being done\")?",
        ..exercise::BARE_ERRNO };
}

#[cfg(feature = "checks")]
pub mod check {
    //! What the kernel shows of the program's root, and of the root of somebody else in the same
    //! mount namespace.

    use std::fs::{self, OpenOptions};
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::OpenOptionsExt;
    use std::path::Path;

    use anyhow::{Context, Result};
    use checker::{Judgement, Outcome, Program, Reply};
    use lab::observe::{Mount, mountinfo};
    use lab::{Lab, observe};

    use checker::view::{
        first_of, identity, list, names, new_place, path_of, refused, same_table, unless_failed, word,
    };

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let directory = observe(program, "directory")?;
        if !directory.alive || matches!(directory.reply, Reply::Silence(_)) {
            return Ok(judge(&directory, &directory, &directory));
        }
        let mount = observe(program, "mount")?;
        let missing = observe(program, "missing")?;
        Ok(judge(&directory, &mount, &missing))
    }

    #[derive(Debug, Clone)]
    struct Observation {
        reply: Reply,
        /// Whether the program still ran when we looked; if not, nothing below is true.
        alive: bool,
        /// Whether the program's / is the new root, by a file that only this one has.
        is_root: bool,
        /// Whether what was mounted below it is there.
        below: bool,
        /// Whether the mount namespace's root is the new one, for the witness, too, who has done
        /// nothing.
        for_all: bool,
        /// Whether the program is in another mount namespace than it was.
        moved: bool,
        /// Mount points of the mount namespace that aren't of the new root, as they are seen in it.
        others: Vec<String>,
        /// Whether the working directory is the new root.
        directory: bool,
        /// Whether the working directory is the new root's directory as it is below the mount that
        /// was made on it.
        covered: bool,
        /// What is in the new root that wasn't.
        left: Vec<String>,
        printed: String,
    }

    /// `kind`: the new root is a `directory`, a `mount`, or `missing`.
    fn observe(program: &Program, kind: &str) -> Result<Observation> {
        let place = new_place();
        let mut running = program.start(Lab::new(), &[word(&place), kind])?;
        let main = running.main();
        // Its only child, which was born before the answer is called.
        let witness = observe::children(main).first().copied().context("the witness isn't there")?;

        let reply = running.go_on()?;

        let has = |pid: i32, file: &str| fs::read(path_of(pid, file)).is_ok_and(|text| text == word(&place).as_bytes());
        let is_root = has(main, "sentinel");
        let for_all = has(witness, "sentinel");
        let below = has(main, "below/sentinel");
        let directory =
            identity(format!("/proc/{main}/cwd")).is_some_and(|here| Some(here) == identity(path_of(main, "/")));
        let left = names(path_of(main, "/")).into_iter().filter(|name| name != "sentinel" && name != "below").collect();
        let moved = !same_table(main, witness);
        let table = mountinfo(witness).unwrap_or_default();
        let covered = stands_below_a_mount(main, &place.join("box"), &table);
        let mut others: Vec<String> = table.iter().map(|mount| mount.mount_point.display().to_string()).collect();
        // One of each is the new root's.
        for own in ["/", "/below"] {
            if for_all && let Some(place) = others.iter().position(|point| point == own) {
                others.remove(place);
            }
        }
        let alive = observe::process_exists(main);
        let printed = running.end();
        let seen =
            Observation { reply, alive, is_root, below, for_all, moved, others, directory, covered, left, printed };
        Ok(if alive {
            seen
        } else {
            Observation { is_root: false, for_all: false, below: false, directory: false, ..seen }
        })
    }

    /// Whether the process stands in `directory`, and not in the mount that lies on it.
    fn stands_below_a_mount(process: i32, directory: &Path, table: &[Mount]) -> bool {
        let Some(top) = table.iter().rev().find(|mount| mount.mount_point == directory) else { return false };
        let here = format!("/proc/{process}/cwd");
        // The same files either way: it is the mount that differs.
        identity(&here) == identity(path_of(process, directory)) && mount_of(&here).is_some_and(|id| id != top.id)
    }

    /// The id of the mount through which a directory is seen, as mountinfo has it:
    /// proc_pid_fdinfo(5).
    fn mount_of(directory: &str) -> Option<i32> {
        let open = OpenOptions::new().read(true).custom_flags(libc::O_PATH).open(directory).ok()?;
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", open.as_raw_fd())).ok()?;
        info.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim().parse().ok()
    }

    const ROOT: &str = "the process's / is the new root, a directory or a mount";
    const BELOW: &str = "what is mounted below it came along";
    const GONE: &str = "the old root is gone from the mount table, for everybody in it";
    const DIRECTORY: &str = "the working directory is inside, at /";
    const CLEAN: &str = "the new root holds what it held before";
    const REFUSED: &str = "a root that isn't there is an error that says what was refused";

    fn judge(directory: &Observation, mount: &Observation, missing: &Observation) -> Judgement {
        let runs = [directory.clone(), mount.clone()];
        let outcomes = vec![
            Outcome::first_failing(&runs, root),
            Outcome::first_failing(&runs, below),
            Outcome::first_failing(&runs, gone),
            Outcome::first_failing(&runs, working_directory),
            Outcome::first_failing(&runs, clean),
            refused(
                REFUSED,
                &missing.reply,
                missing.alive,
                !missing.for_all && !missing.moved,
                "something has changed",
            ),
        ];
        Judgement::new(outcomes, mistake(directory, mount, missing), [&directory.printed, &mount.printed])
    }

    fn outcome(claim: &'static str, seen: &Observation, holds: bool, expected: &str, observed: String) -> Outcome {
        let holds = seen.alive && seen.reply == Reply::Ok && holds;
        Outcome::new(claim, holds, expected, unless_failed(&seen.reply, seen.alive, observed))
    }

    fn root(seen: &Observation) -> Outcome {
        let observed = if seen.is_root { "it is" } else { "its / is another" };
        outcome(ROOT, seen, seen.is_root, "/proc/PID/root leads to the files of the new root", observed.into())
    }

    fn below(seen: &Observation) -> Outcome {
        let observed = match (seen.below, seen.is_root) {
            (true, _) => "it did",
            (false, true) => "/below is an empty directory",
            (false, false) => "its / is another",
        };
        outcome(
            BELOW,
            seen,
            seen.below,
            "the tmpfs that is mounted on the directory \"below\" is at /below",
            observed.into(),
        )
    }

    fn gone(seen: &Observation) -> Outcome {
        let observed = match () {
            () if seen.moved => {
                "the process is in another mount namespace now, and in the one that it was given the old root is /"
                    .into()
            }
            () if !seen.for_all && !seen.is_root => "it is the old root's, as it was".into(),
            () if !seen.for_all => {
                "the root of the mount namespace is the old one; only this process sees another".into()
            }
            () => format!("the new root, and {} mounts more: {}", seen.others.len(), first_of(&seen.others)),
        };
        let holds = seen.for_all && !seen.moved && seen.others.is_empty();
        outcome(GONE, seen, holds, "in the mount namespace there are / and /below, and nothing else", observed)
    }

    fn working_directory(seen: &Observation) -> Outcome {
        let observed = if seen.directory { "it is" } else { "/proc/PID/cwd is another directory" };
        outcome(DIRECTORY, seen, seen.directory && seen.is_root, "/proc/PID/cwd is /proc/PID/root", observed.into())
    }

    fn clean(seen: &Observation) -> Outcome {
        let observed = if seen.is_root { format!("besides: {}", list(&seen.left)) } else { "its / is another".into() };
        outcome(CLEAN, seen, seen.is_root && seen.left.is_empty(), "the names \"below\" and \"sentinel\"", observed)
    }

    /// The mistake that fits everything that was seen.
    fn mistake(directory: &Observation, mount: &Observation, missing: &Observation) -> Option<&'static Mistake> {
        if ![directory, mount, missing].iter().all(|seen| seen.alive && !seen.moved) {
            return None;
        }
        let both = |holds: fn(&Observation) -> bool| holds(directory) && holds(mount);
        let error = |seen: &Observation| matches!(seen.reply, Reply::Error(_));
        if error(directory) && !directory.is_root && directory.covered {
            return Some(&WENT_IN_FIRST);
        }
        if error(directory) && !directory.is_root && mount.reply == Reply::Ok && mount.is_root {
            return Some(&NOT_A_MOUNT);
        }
        if both(|seen| matches!(seen.reply, Reply::Error(_)) && seen.for_all && !seen.others.is_empty()) {
            return Some(&NOT_LAZILY);
        }
        if !both(|seen| seen.reply == Reply::Ok) {
            return None;
        }
        match () {
            () if both(|seen| !seen.is_root && !seen.for_all) => Some(&NOTHING_CHANGED),
            () if both(|seen| seen.is_root && !seen.for_all) => Some(&CHROOT),
            () if !both(|seen| seen.is_root && seen.for_all) => None,
            () if both(|seen| !seen.others.is_empty()) => Some(&OLD_ROOT_STAYS),
            () if !both(|seen| seen.others.is_empty()) => None,
            () if both(|seen| !seen.directory) => Some(&FOOT_OUTSIDE),
            () if !directory.below => Some(&LEFT_BEHIND),
            () if both(|seen| !seen.left.is_empty()) => Some(&LEFT_A_DIRECTORY),
            () if !both(|seen| seen.below && seen.directory && seen.left.is_empty()) => None,
            () if missing.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if missing.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
