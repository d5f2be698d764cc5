//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::{Case, Seen};
use super::mistakes::*;
use crate::view::{list, unless_failed};

const PLAIN: &str = "a target that is there gets the volume; one that is missing is made";
const LAST: &str = "a link is taken as the image's: an absolute one, and one with ..";
const MIDDLE: &str = "so is one in the middle of the path, and what is missing is made there";
const DOTS: &str = ".. in the target itself ends at the image's root";
const OUTSIDE: &str = "nothing is mounted or made outside of the image, whatever the target";
const CLOSED: &str = "what is opened for it is closed by an exec";
const REFUSED: &str = "a target that isn't in the image, and can't be made there, is an error that says so";

/// One run for each case; only the first, if that ended the program.
pub fn judge(runs: &[Seen]) -> Judgement {
    let outcomes = vec![
        goes_right(PLAIN, runs, &[Case::Folder, Case::Missing]),
        goes_right(LAST, runs, &[Case::Absolute, Case::Dots]),
        goes_right(MIDDLE, runs, &[Case::Middle, Case::MissingInMiddle]),
        goes_right(DOTS, runs, &[Case::OwnDots]),
        Outcome::of_runs(runs, inside),
        closed(runs),
        refused(runs),
    ];
    // Not of those that are refused: that the answer says so is right.
    let printed = runs.iter().filter(|seen| seen.meant.is_some()).map(|seen| &seen.printed);
    Judgement::new(outcomes, mistake(runs), printed)
}

fn of<'a>(runs: &'a [Seen], cases: &'a [Case]) -> Vec<Seen> {
    let chosen: Vec<Seen> = runs.iter().filter(|seen| cases.contains(&seen.case)).cloned().collect();
    // It never came to that: what came of the last run is what there is to say.
    if chosen.is_empty() { runs.last().cloned().into_iter().collect() } else { chosen }
}

/// `/srv/data went to …`
fn where_it_went(seen: &Seen) -> String {
    let target = seen.target.display();
    let went = match &seen.went {
        Some(point) if seen.is_outside() => format!("{target} went to the host's {}", point.display()),
        Some(point) => format!("{target} went to {}", point.display()),
        None => format!("{target}: nothing was mounted"),
    };
    if seen.alive && matches!(seen.heard, Heard::Error(_)) {
        return format!("{target}: {}", seen.heard.in_words());
    }
    unless_failed(&seen.heard, seen.alive, went)
}

fn goes_right(claim: &'static str, runs: &[Seen], cases: &[Case]) -> Outcome {
    Outcome::of_runs(&of(runs, cases), |seen| {
        let meant = seen.meant.as_ref().map_or("the image".into(), |meant| meant.display().to_string());
        Outcome::of(claim, seen.is_right(), format!("{} goes to {meant}", seen.target.display()), where_it_went(seen))
    })
}

fn inside(seen: &Seen) -> Outcome {
    let holds = seen.alive && !seen.is_outside() && !seen.made_outside;
    let observed = if seen.made_outside {
        format!("for {} something was made on the host", seen.target.display())
    } else {
        where_it_went(seen)
    };
    Outcome::of(OUTSIDE, holds, "the host's folders, as they were", observed)
}

fn closed(runs: &[Seen]) -> Outcome {
    Outcome::of_runs(&of(runs, &[Case::Folder]), |seen| {
        let holds = seen.alive && seen.heard == Heard::Ok && seen.leaks.is_empty();
        let observed = unless_failed(&seen.heard, seen.alive, format!("a command would get {}", list(&seen.leaks)));
        Outcome::of(CLOSED, holds, "each descriptor above 2 is close-on-exec", observed)
    })
}

fn refused(runs: &[Seen]) -> Outcome {
    Outcome::of_runs(&of(runs, &[Case::BelowFile, Case::Nowhere]), |seen| {
        let told = matches!(seen.heard, Heard::Error(_)) && !seen.heard.is_bare_error();
        // Who makes, in the image, what the link leads to, has done no harm.
        let made = seen.case == Case::Nowhere && seen.heard == Heard::Ok && seen.went.is_some() && !seen.is_outside();
        let expected = format!("an error with a context, for {}", seen.target.display());
        Outcome::of(REFUSED, seen.alive && (told || made), expected, where_it_went(seen))
    })
}

/// The mistake that fits everything that was seen.
fn mistake(runs: &[Seen]) -> Option<&'static Mistake> {
    if runs.len() < Case::ALL.len() || runs.iter().any(|seen| !seen.alive) {
        return None;
    }
    let all = |cases: &[Case], holds: fn(&Seen) -> bool| of(runs, cases).iter().all(holds);
    let links = [Case::Absolute, Case::Dots, Case::Middle];
    let out: Vec<Case> = runs.iter().filter(|seen| seen.is_outside()).map(|seen| seen.case).collect();
    let error = |seen: &Seen| matches!(seen.heard, Heard::Error(_));
    match () {
        () if all(&links, Seen::is_outside) => Some(&FOLLOWS_LINKS),
        () if out.contains(&Case::Middle) && !out.contains(&Case::Absolute) => Some(&ONLY_THE_LAST),
        () if !out.is_empty() && out.iter().all(|case| *case == Case::OwnDots) => Some(&DOTS_LEAD_OUT),
        () if !out.is_empty() => None,
        () if runs.iter().any(|seen| seen.made_outside) => Some(&MADE_OUTSIDE),
        () if !all(&[Case::Folder], Seen::is_right) => None,
        () if all(&[Case::Missing], error) => Some(&NEVER_MADE),
        () if !all(&[Case::Missing], Seen::is_right) => None,
        () if all(&[Case::Absolute], error) => Some(&REFUSES_LINKS),
        () if !all(
            &[Case::Absolute, Case::Dots, Case::Middle, Case::MissingInMiddle, Case::OwnDots],
            Seen::is_right,
        ) =>
        {
            None
        }
        () if runs.iter().any(|seen| !seen.leaks.is_empty()) => Some(&INHERITED),
        () if all(&[Case::BelowFile], |seen| seen.heard == Heard::Ok) => Some(&SWALLOWED_THE_ERROR),
        () if all(&[Case::BelowFile], |seen| seen.heard.is_bare_error()) => Some(&BARE_ERRNO),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// What a right answer shows.
    fn right(case: Case) -> Seen {
        let is_refused = matches!(case, Case::BelowFile | Case::Nowhere);
        let meant = (!is_refused).then(|| PathBuf::from("/h/image/place"));
        let refusal = Heard::Error(vec!["opening it".into(), "ENOTDIR: Not a directory".into()]);
        Seen {
            case,
            target: "/place".into(),
            went: meant.clone(),
            meant,
            heard: if is_refused { refusal } else { Heard::Ok },
            alive: true,
            image: "/h/image".into(),
            made_outside: false,
            leaks: vec![],
            printed: String::new(),
        }
    }

    fn judged(change: impl Fn(&mut Seen)) -> (Vec<&'static str>, Option<&'static str>) {
        let mut runs = Case::ALL.map(right);
        runs.iter_mut().for_each(change);
        let judgement = judge(&runs);
        let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
        (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
    }

    /// For these cases the volume goes to a folder of the host's.
    fn leads_out(cases: &'static [Case]) -> impl Fn(&mut Seen) {
        move |seen| {
            if cases.contains(&seen.case) {
                seen.went = Some("/h/outside".into());
            }
        }
    }

    fn fails(cases: &'static [Case], heard: Heard) -> impl Fn(&mut Seen) {
        move |seen| {
            if cases.contains(&seen.case) {
                seen.heard = heard.clone();
                if heard != Heard::Ok {
                    seen.went = None;
                }
            }
        }
    }

    fn error() -> Heard {
        Heard::Error(vec!["refused".into(), "ELOOP: Too many symbolic links".into()])
    }

    #[test]
    fn a_right_answer_passes() {
        assert_eq!(judged(|_| {}), (vec![], None));
    }

    #[test]
    fn the_ways_out_are_told_apart() {
        let all = judged(leads_out(&[Case::Absolute, Case::Dots, Case::Middle, Case::MissingInMiddle]));
        assert_eq!(all, (vec![LAST, MIDDLE, OUTSIDE], Some("follows-links")));
        let middle = judged(leads_out(&[Case::Middle, Case::MissingInMiddle]));
        assert_eq!(middle, (vec![MIDDLE, OUTSIDE], Some("only-the-last")));
        assert_eq!(judged(leads_out(&[Case::OwnDots])), (vec![DOTS, OUTSIDE], Some("dots-lead-out")));
    }

    #[test]
    fn what_is_made_outside_counts_though_the_mount_is_inside() {
        assert_eq!(judged(|seen| seen.made_outside = seen.case == Case::Middle), (vec![OUTSIDE], Some("made-outside")));
    }

    #[test]
    fn a_descriptor_that_a_command_would_get_is_a_mistake() {
        let leaks = |seen: &mut Seen| seen.leaks = vec!["/h/image/place".into()];
        assert_eq!(judged(leaks), (vec![CLOSED], Some("inherited")));
    }

    #[test]
    fn refusing_too_much_and_too_little_are_told_apart() {
        let links = judged(fails(&[Case::Absolute, Case::Dots, Case::Middle, Case::MissingInMiddle], error()));
        assert_eq!(links, (vec![LAST, MIDDLE], Some("refuses-links")));
        assert_eq!(judged(fails(&[Case::Missing], error())), (vec![PLAIN], Some("never-made")));
        assert_eq!(judged(fails(&[Case::BelowFile], Heard::Ok)), (vec![REFUSED], Some("swallowed-the-error")));
        let bare = Heard::Error(vec!["ENOTDIR: Not a directory".into()]);
        assert_eq!(judged(fails(&[Case::BelowFile], bare)), (vec![REFUSED], Some("bare-errno")));
    }

    #[test]
    fn an_answer_that_ends_the_program_fails_every_check_without_a_guess() {
        let judgement = judge(&[Seen { heard: Heard::Ended(0), alive: false, ..right(Case::Folder) }]);
        assert_eq!((judgement.failing(), judgement.mistake), (7, None));
    }
}
