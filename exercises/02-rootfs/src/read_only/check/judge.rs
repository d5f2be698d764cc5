//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::{Seen, Written};
use super::mistakes::*;
use crate::view::{list, refused, unless_failed};

const SHOWN: &str = "the target shows what is at the source, a folder or a file";
const READ_ONLY: &str = "it can't be written to at the target";
const BELOW: &str = "what is mounted below the source is there, too, and can't be written to either";
const SOURCE: &str = "at the source all can be written to as before";
const FLAGS: &str = "each mount keeps its other flags; so it is where the kernel has locked them";
const REFUSED: &str = "a source that isn't there is an error that says what was refused";

#[derive(Debug, Clone)]
pub struct Runs {
    /// A folder; a folder with a mount below it; the same in a user namespace in which their flags are locked; a file; nothing.
    pub plain: Seen,
    pub below: Seen,
    pub locked: Seen,
    pub file: Seen,
    pub missing: Seen,
}

impl Runs {
    /// For an answer that ended the program, or never returned: it will do so everywhere.
    pub fn only(seen: Seen) -> Runs {
        let [below, locked, file, missing] = std::array::from_fn(|_| seen.clone());
        Runs { plain: seen, below, locked, file, missing }
    }
}

pub fn judge(runs: &Runs) -> Judgement {
    let Runs { plain, below, locked, file, missing } = runs;
    let outcomes = vec![
        Outcome::of_runs(&[plain.clone(), file.clone(), below.clone()], shown),
        Outcome::of_runs(&[plain.clone(), file.clone(), below.clone()], read_only),
        is_below(below),
        source(plain, below),
        Outcome::of_runs(&[below.clone(), locked.clone()], flags),
        refused(REFUSED, &missing.heard, missing.alive, !missing.mounted, "something is mounted at the target"),
    ];
    Judgement::new(outcomes, mistake(runs), [plain, below, locked, file].map(|seen| &seen.printed))
}

fn outcome(claim: &'static str, seen: &Seen, holds: bool, expected: &str, observed: String) -> Outcome {
    let holds = seen.alive && seen.heard == Heard::Ok && holds;
    Outcome::of(claim, holds, expected, unless_failed(&seen.heard, seen.alive, observed))
}

fn in_words(written: Written) -> String {
    match written {
        Written::Yes => "it was written to".into(),
        Written::ReadOnly => "EROFS, read-only".into(),
        Written::Not(errno) => format!("{errno:?}"),
    }
}

fn shown(seen: &Seen) -> Outcome {
    let observed = if seen.shown { "they are" } else { "they aren't" };
    outcome(SHOWN, seen, seen.shown, "both are the same, by device and inode number", observed.into())
}

fn read_only(seen: &Seen) -> Outcome {
    let holds = seen.shown && seen.target == Written::ReadOnly;
    outcome(READ_ONLY, seen, holds, "an attempt to write gives EROFS", in_words(seen.target))
}

fn is_below(seen: &Seen) -> Outcome {
    let observed = if seen.below_shown { in_words(seen.below) } else { "it isn't there".into() };
    let holds = seen.below_shown && seen.below == Written::ReadOnly;
    outcome(BELOW, seen, holds, "target/below is source/below, and an attempt to write gives EROFS", observed)
}

fn source(plain: &Seen, below: &Seen) -> Outcome {
    let first = if plain.source == Written::Yes { below } else { plain };
    let holds = [plain.source, below.source, below.source_below].iter().all(|written| *written == Written::Yes);
    let observed = format!("source: {}; source/below: {}", in_words(first.source), in_words(below.source_below));
    outcome(SOURCE, first, holds, "it was written to", observed)
}

fn flags(seen: &Seen) -> Outcome {
    let observed = match () {
        () if !seen.below_shown => "it isn't there".into(),
        () => format!("lost: {}", list(&seen.lost)),
    };
    outcome(
        FLAGS,
        seen,
        seen.below_shown && seen.lost.is_empty(),
        "target/below has nosuid, nodev and noexec, as source/below",
        observed,
    )
}

/// The mistake that fits everything that was seen.
fn mistake(runs: &Runs) -> Option<&'static Mistake> {
    let Runs { plain, below, locked, file, missing } = runs;
    if ![plain, below, locked, file, missing].iter().all(|seen| seen.alive) {
        return None;
    }
    // Where the source happens to be a mount, it is done, and to the wrong one.
    if matches!(plain.heard, Heard::Error(_)) && locked.heard == Heard::Ok && locked.source == Written::ReadOnly {
        return Some(&ON_THE_SOURCE);
    }
    if plain.heard != Heard::Ok {
        return None;
    }
    match () {
        () if !plain.shown && !plain.mounted && plain.target == Written::Yes => Some(&NOT_SHOWN),
        () if !plain.shown => None,
        () if plain.source == Written::ReadOnly && plain.target == Written::ReadOnly => Some(&THE_SOURCE_TOO),
        () if plain.target == Written::Yes => Some(&FLAG_IGNORED),
        () if plain.target != Written::ReadOnly || plain.source != Written::Yes => None,
        () if below.heard == Heard::Ok && !below.below_shown => Some(&NOT_BELOW),
        () if below.heard == Heard::Ok && below.below == Written::Yes => Some(&ONLY_THE_TOP),
        () if !below.lost.is_empty() || matches!(locked.heard, Heard::Error(_)) => Some(&FLAGS_LOST),
        () if file.heard != Heard::Ok || file.target != Written::ReadOnly || locked.heard != Heard::Ok => None,
        () if missing.heard == Heard::Ok => Some(&SWALLOWED_THE_ERROR),
        () if missing.heard.is_bare_error() => Some(&BARE_ERRNO),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::*;

    /// What a right answer shows.
    fn right() -> Seen {
        Seen {
            heard: Heard::Ok,
            alive: true,
            shown: true,
            below_shown: true,
            target: Written::ReadOnly,
            below: Written::ReadOnly,
            source: Written::Yes,
            source_below: Written::Yes,
            lost: vec![],
            mounted: true,
            printed: String::new(),
        }
    }

    fn runs() -> Runs {
        let heard = Heard::Error(vec!["mount".into(), "ENOENT: No such file or directory".into()]);
        let missing = Seen { heard, mounted: false, shown: false, ..right() };
        Runs { missing, ..Runs::only(right()) }
    }

    fn judged(change: impl Fn(&mut Runs)) -> (Vec<&'static str>, Option<&'static str>) {
        let mut runs = runs();
        change(&mut runs);
        let judgement = judge(&runs);
        let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
        (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
    }

    #[test]
    fn a_right_answer_passes() {
        assert_eq!(judged(|_| {}), (vec![], None));
    }

    #[test]
    fn a_flag_that_is_ignored_is_told_from_one_that_holds_for_the_top_only() {
        let ignored = judged(|runs| {
            for seen in [&mut runs.plain, &mut runs.below, &mut runs.file] {
                (seen.target, seen.below) = (Written::Yes, Written::Yes);
            }
        });
        assert_eq!(ignored, (vec![READ_ONLY, BELOW], Some("flag-ignored")));
        assert_eq!(judged(|runs| runs.below.below = Written::Yes), (vec![BELOW], Some("only-the-top")));
        assert_eq!(judged(|runs| runs.below.below_shown = false), (vec![BELOW, FLAGS], Some("not-below")));
    }

    #[test]
    fn flags_are_lost_silently_or_loudly() {
        assert_eq!(judged(|runs| runs.below.lost = vec!["nosuid"]), (vec![FLAGS], Some("flags-lost")));
        let loudly = judged(|runs| runs.locked.heard = Heard::Error(vec!["remount".into(), "EPERM: x".into()]));
        assert_eq!(loudly, (vec![FLAGS], Some("flags-lost")));
    }

    #[test]
    fn the_source_has_to_stay_as_it_was() {
        let both = judged(|runs| {
            (runs.plain.source, runs.below.source) = (Written::ReadOnly, Written::ReadOnly);
        });
        assert_eq!(both, (vec![SOURCE], Some("the-source-too")));
        assert_eq!(judged(|runs| runs.below.source_below = Written::ReadOnly).0, [SOURCE]);
    }

    #[test]
    fn attributes_of_the_source_are_refused_unless_it_is_a_mount() {
        let on_the_source = |runs: &mut Runs| {
            for seen in [&mut runs.plain, &mut runs.below, &mut runs.file] {
                seen.heard = Heard::Error(vec!["mount_setattr".into(), "EINVAL: x".into()]);
            }
            runs.locked.source = Written::ReadOnly;
        };
        assert_eq!(judged(on_the_source).1, Some("on-the-source"));
        let refused_everywhere = judged(|runs| {
            on_the_source(runs);
            runs.locked = runs.plain.clone();
        });
        assert_eq!(refused_everywhere.1, None);
    }

    #[test]
    fn a_place_that_is_closed_for_another_reason_is_not_read_only() {
        assert_eq!(judged(|runs| runs.plain.target = Written::Not(Errno::EACCES)), (vec![READ_ONLY], None));
        assert_eq!(judged(|runs| runs.file.target = Written::Yes), (vec![READ_ONLY], None));
    }

    #[test]
    fn an_answer_that_ends_the_program_fails_every_check_without_a_guess() {
        let ended = Seen { heard: Heard::Ended(0), alive: false, ..right() };
        let judgement = judge(&Runs::only(ended));
        assert_eq!((judgement.failing(), judgement.mistake), (6, None));
    }
}
