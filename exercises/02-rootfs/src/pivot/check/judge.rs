//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::Seen;
use super::mistakes::*;
use crate::view::{first_of, list, refused, unless_failed};

const ROOT: &str = "the process's / is the new root, a folder or a mount";
const BELOW: &str = "what is mounted below it came along";
const GONE: &str = "nothing of the old root is in the mount table, for nobody in it";
const DIRECTORY: &str = "the working directory is inside, at /";
const CLEAN: &str = "nothing is left in the new root";
const REFUSED: &str = "a root that isn't there is an error that says what was refused";

pub fn judge(folder: &Seen, mount: &Seen, missing: &Seen) -> Judgement {
    let runs = [folder.clone(), mount.clone()];
    let outcomes = vec![
        Outcome::of_runs(&runs, root),
        Outcome::of_runs(&runs, below),
        Outcome::of_runs(&runs, gone),
        Outcome::of_runs(&runs, directory),
        Outcome::of_runs(&runs, clean),
        refused(REFUSED, &missing.heard, missing.alive, !missing.for_all && !missing.moved, "something has changed"),
    ];
    Judgement::new(outcomes, mistake(folder, mount, missing), [&folder.printed, &mount.printed])
}

fn outcome(claim: &'static str, seen: &Seen, holds: bool, expected: &str, observed: String) -> Outcome {
    let holds = seen.alive && seen.heard == Heard::Ok && holds;
    Outcome::of(claim, holds, expected, unless_failed(&seen.heard, seen.alive, observed))
}

fn root(seen: &Seen) -> Outcome {
    let observed = if seen.is_root { "it is" } else { "its / is another" };
    outcome(ROOT, seen, seen.is_root, "/proc/PID/root leads to the files of the new root", observed.into())
}

fn below(seen: &Seen) -> Outcome {
    let observed = match (seen.below, seen.is_root) {
        (true, _) => "it did",
        (false, true) => "/below is an empty folder",
        (false, false) => "its / is another",
    };
    outcome(BELOW, seen, seen.below, "the tmpfs that is mounted on the folder \"below\" is at /below", observed.into())
}

fn gone(seen: &Seen) -> Outcome {
    let observed = match () {
        () if seen.moved => {
            "the process is in another mount namespace now, and in the one that it was given the old root is /".into()
        }
        () if !seen.for_all && !seen.is_root => "it is the old root's, as it was".into(),
        () if !seen.for_all => "the root of the mount namespace is the old one; only this process sees another".into(),
        () => format!("the new root, and {} mounts more: {}", seen.others.len(), first_of(&seen.others)),
    };
    let holds = seen.for_all && !seen.moved && seen.others.is_empty();
    outcome(GONE, seen, holds, "in the mount namespace there are / and /below, and nothing else", observed)
}

fn directory(seen: &Seen) -> Outcome {
    let observed = if seen.directory { "it is" } else { "/proc/PID/cwd is another folder" };
    outcome(DIRECTORY, seen, seen.directory && seen.is_root, "/proc/PID/cwd is /proc/PID/root", observed.into())
}

fn clean(seen: &Seen) -> Outcome {
    let observed = if seen.is_root { format!("besides: {}", list(&seen.left)) } else { "its / is another".into() };
    outcome(CLEAN, seen, seen.is_root && seen.left.is_empty(), "the names \"below\" and \"sentinel\"", observed)
}

/// The mistake that fits everything that was seen.
fn mistake(folder: &Seen, mount: &Seen, missing: &Seen) -> Option<&'static Mistake> {
    if ![folder, mount, missing].iter().all(|seen| seen.alive && !seen.moved) {
        return None;
    }
    let both = |holds: fn(&Seen) -> bool| holds(folder) && holds(mount);
    let error = |seen: &Seen| matches!(seen.heard, Heard::Error(_));
    if error(folder) && !folder.is_root && folder.covered {
        return Some(&WENT_IN_FIRST);
    }
    if error(folder) && !folder.is_root && mount.heard == Heard::Ok && mount.is_root {
        return Some(&NOT_A_MOUNT);
    }
    if both(|seen| matches!(seen.heard, Heard::Error(_)) && seen.for_all && !seen.others.is_empty()) {
        return Some(&NOT_LAZILY);
    }
    if !both(|seen| seen.heard == Heard::Ok) {
        return None;
    }
    match () {
        () if both(|seen| !seen.is_root && !seen.for_all) => Some(&NOTHING_CHANGED),
        () if both(|seen| seen.is_root && !seen.for_all) => Some(&CHROOT),
        () if !both(|seen| seen.is_root && seen.for_all) => None,
        () if both(|seen| !seen.others.is_empty()) => Some(&OLD_ROOT_STAYS),
        () if !both(|seen| seen.others.is_empty()) => None,
        () if both(|seen| !seen.directory) => Some(&FOOT_OUTSIDE),
        () if !folder.below => Some(&LEFT_BEHIND),
        () if both(|seen| !seen.left.is_empty()) => Some(&LEFT_A_FOLDER),
        () if !both(|seen| seen.below && seen.directory && seen.left.is_empty()) => None,
        () if missing.heard == Heard::Ok => Some(&SWALLOWED_THE_ERROR),
        () if missing.heard.is_bare_error() => Some(&BARE_ERRNO),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a right answer shows.
    fn right() -> Seen {
        Seen {
            heard: Heard::Ok,
            alive: true,
            is_root: true,
            below: true,
            for_all: true,
            moved: false,
            others: vec![],
            directory: true,
            covered: false,
            left: vec![],
            printed: String::new(),
        }
    }

    fn unchanged(heard: Heard) -> Seen {
        let others = vec!["/".to_string(), "/tmp".to_string()];
        Seen { heard, is_root: false, below: false, for_all: false, directory: false, others, ..right() }
    }

    fn error() -> Heard {
        Heard::Error(vec!["mount of none".into(), "ENOENT: No such file or directory".into()])
    }

    /// Judges two runs in which `change` was made to what a right answer shows.
    fn judged(change: impl Fn(&mut Seen)) -> (Vec<&'static str>, Option<&'static str>) {
        let (mut folder, mut mount) = (right(), right());
        change(&mut folder);
        change(&mut mount);
        said(&judge(&folder, &mount, &unchanged(error())))
    }

    fn said(judgement: &Judgement) -> (Vec<&'static str>, Option<&'static str>) {
        let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
        (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
    }

    #[test]
    fn a_right_answer_passes() {
        assert_eq!(judged(|_| {}), (vec![], None));
    }

    #[test]
    fn a_chroot_is_told_from_a_pivot_by_the_witness() {
        let chroot = judged(|seen| {
            seen.for_all = false;
            seen.others = vec!["/".into(), "/tmp".into()];
        });
        assert_eq!(chroot, (vec![GONE], Some("chroot")));
        let stays = judged(|seen| seen.others = vec!["/".into()]);
        assert_eq!(stays, (vec![GONE], Some("old-root-stays")));
    }

    #[test]
    fn each_remainder_is_its_own_mistake() {
        assert_eq!(judged(|seen| seen.directory = false), (vec![DIRECTORY], Some("foot-outside")));
        assert_eq!(judged(|seen| seen.below = false), (vec![BELOW], Some("left-behind")));
        assert_eq!(judged(|seen| seen.left = vec!["old".into()]), (vec![CLEAN], Some("left-a-folder")));
        assert_eq!(judged(|seen| seen.moved = true), (vec![GONE], None));
    }

    #[test]
    fn a_folder_that_is_no_mount_is_refused_where_a_mount_is_not() {
        let judgement = judge(&unchanged(error()), &right(), &unchanged(error()));
        assert_eq!(said(&judgement), (vec![ROOT, BELOW, GONE, DIRECTORY, CLEAN], Some("not-a-mount")));
    }

    #[test]
    fn whoever_stands_below_the_mount_is_told_so() {
        let below = Seen { covered: true, ..unchanged(error()) };
        assert_eq!(said(&judge(&below, &right(), &unchanged(error()))).1, Some("went-in-first"));
        let nowhere = Seen { covered: false, ..below };
        assert_eq!(said(&judge(&nowhere, &nowhere, &nowhere)).1, None);
    }

    #[test]
    fn of_a_long_table_the_first_lines_are_enough() {
        let many = Seen { others: (0..36).map(|number| format!("/{number}")).collect(), ..right() };
        let judgement = judge(&many, &many, &unchanged(error()));
        let said = judgement.outcomes.iter().find_map(|outcome| outcome.difference.clone()).expect("it fails").1;
        assert!(said.ends_with("36 mounts more: /0, /1, /2, /3, /4 and 31 more"), "{said}");
    }

    #[test]
    fn what_has_ended_or_changed_nothing_fails() {
        let ended = Seen { alive: false, ..unchanged(Heard::Ended(0)) };
        assert_eq!(said(&judge(&ended, &ended, &ended)).0.len(), 6);
        let nothing = unchanged(Heard::Ok);
        assert_eq!(said(&judge(&nothing, &nothing, &nothing)).1, Some("nothing-changed"));
        assert_eq!(said(&judge(&right(), &right(), &nothing)).1, Some("swallowed-the-error"));
    }
}
