//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::{Place, Seen};
use super::mistakes::*;
use crate::view::unless_failed;

const OUT: &str = "the process's root is the host's, and a secret of the host's can be read";
const DEEP: &str = "so it is where the chroot is many folders deep";
const TOLD: &str = "where nothing can be made in it, it gets out otherwise, or says with an error that it didn't";

/// `closed`: a chroot in which nothing can be made.
pub fn judge(shallow: &Seen, deep: &Seen, closed: &Seen) -> Judgement {
    let outcomes = vec![out(OUT, shallow), out(DEEP, deep), told(closed)];
    Judgement::new(outcomes, mistake(shallow, deep, closed), [&shallow.printed, &deep.printed])
}

fn in_words(place: Place) -> &'static str {
    match place {
        Place::Host => "the host's /",
        Place::OnTheWay => "a folder above the chroot, but not the top",
        Place::Chroot => "the chroot, as before",
        Place::Inside => "a folder in the chroot",
        Place::Elsewhere => "another folder",
    }
}

fn where_it_is(seen: &Seen) -> String {
    let text =
        format!("the root is {}, and the working directory is {}", in_words(seen.root), in_words(seen.directory));
    unless_failed(&seen.heard, seen.alive, text)
}

fn out(claim: &'static str, seen: &Seen) -> Outcome {
    let holds = seen.alive && seen.heard == Heard::Ok && seen.is_out();
    Outcome::of(claim, holds, "/proc/PID/root is the host's /", where_it_is(seen))
}

fn told(seen: &Seen) -> Outcome {
    let error = matches!(seen.heard, Heard::Error(_)) && !seen.heard.is_bare_error();
    let holds = seen.alive && (error || seen.heard == Heard::Ok && seen.is_out());
    Outcome::of(TOLD, holds, "an error with a context, or the host's /", where_it_is(seen))
}

/// The mistake that fits everything that was seen.
fn mistake(shallow: &Seen, deep: &Seen, closed: &Seen) -> Option<&'static Mistake> {
    if ![shallow, deep, closed].iter().all(|seen| seen.alive) || shallow.heard != Heard::Ok {
        return None;
    }
    if !shallow.is_out() {
        return match (shallow.root, shallow.directory) {
            (Place::Chroot, Place::Chroot) => Some(&STOPPED_AT_THE_ROOT),
            (Place::Inside, Place::Inside) => Some(&DEEPER),
            (Place::Inside, Place::Chroot) => Some(&NEVER_WENT_UP),
            (Place::Inside | Place::Chroot, Place::Host | Place::OnTheWay) => Some(&ROOT_STAYED),
            _ => None,
        };
    }
    match () {
        () if deep.heard == Heard::Ok && deep.root == Place::OnTheWay => Some(&NOT_HIGH_ENOUGH),
        () if deep.heard != Heard::Ok || !deep.is_out() => None,
        () if closed.heard == Heard::Ok && !closed.is_out() => Some(&SWALLOWED_THE_ERROR),
        () if closed.heard.is_bare_error() => Some(&BARE_ERRNO),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(root: Place, directory: Place) -> Seen {
        let secret = root == Place::Host;
        Seen { heard: Heard::Ok, alive: true, root, directory, secret, printed: String::new() }
    }

    fn right() -> Seen {
        at(Place::Host, Place::Host)
    }

    fn closed() -> Seen {
        let heard = Heard::Error(vec!["a folder".into(), "Read-only file system (os error 30)".into()]);
        Seen { heard, ..at(Place::Chroot, Place::Chroot) }
    }

    fn said(shallow: &Seen, deep: &Seen, closed: &Seen) -> (Vec<&'static str>, Option<&'static str>) {
        let judgement = judge(shallow, deep, closed);
        let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
        (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
    }

    #[test]
    fn a_right_answer_passes_also_where_it_finds_another_way() {
        assert_eq!(said(&right(), &right(), &closed()), (vec![], None));
        assert_eq!(said(&right(), &right(), &right()), (vec![], None));
    }

    #[test]
    fn each_place_to_end_up_in_is_its_own_mistake() {
        let inside = |root, directory| said(&at(root, directory), &at(root, directory), &closed()).1;
        assert_eq!(inside(Place::Chroot, Place::Chroot), Some("stopped-at-the-root"));
        assert_eq!(inside(Place::Inside, Place::Inside), Some("deeper"));
        assert_eq!(inside(Place::Inside, Place::Chroot), Some("never-went-up"));
        assert_eq!(inside(Place::Inside, Place::Host), Some("root-stayed"));
        assert_eq!(inside(Place::Elsewhere, Place::Host), None);
    }

    #[test]
    fn a_depth_that_was_guessed_is_not_enough() {
        let half_way = at(Place::OnTheWay, Place::OnTheWay);
        assert_eq!(said(&right(), &half_way, &closed()), (vec![DEEP], Some("not-high-enough")));
    }

    #[test]
    fn staying_inside_has_to_be_said() {
        let silent = at(Place::Chroot, Place::Chroot);
        assert_eq!(said(&right(), &right(), &silent), (vec![TOLD], Some("swallowed-the-error")));
        let bare = Seen { heard: Heard::Error(vec!["EPERM: x".into()]), ..closed() };
        assert_eq!(said(&right(), &right(), &bare), (vec![TOLD], Some("bare-errno")));
    }

    #[test]
    fn the_hosts_root_without_its_secret_is_another_root() {
        let empty = Seen { secret: false, ..right() };
        assert_eq!(said(&empty, &empty, &closed()).0, [OUT, DEEP]);
        let ended = Seen { heard: Heard::Ended(0), alive: false, ..right() };
        assert_eq!(said(&ended, &ended, &ended), (vec![OUT, DEEP, TOLD], None));
    }
}
