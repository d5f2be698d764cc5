//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::{Process, Seen};
use super::mistakes::*;
use checker::namespaces::{besides, list};

const BOTH: &str = "the function comes back twice: in the caller, and in a child of it";
const PID_ONE: &str = "the child is number 1 of a PID namespace of its own";
const FAMILY: &str = "what the child starts is in its namespace, too";
const TOLD: &str = "the parent is told its child's number";
const STAYS: &str = "the parent is where it was";

pub fn judge(seen: &Seen) -> Judgement {
    let outcomes = vec![both(seen), pid_one(seen), family(seen), told(seen), stays(seen)];
    Judgement::new(outcomes, mistake(seen), [&seen.printed])
}

fn both(seen: &Seen) -> Outcome {
    let holds = returned(seen) && matches!(&seen.children[..], [child] if child.is_the_callers);
    let expected = "the caller returned, and one child of it";
    let observed = match &seen.children[..] {
        [] if seen.ended > 0 => "the caller has a child, which has ended".to_string(),
        [] => "no other process came back".to_string(),
        [child] if !child.is_the_callers => "what came back is no child of the caller's but a grandchild".to_string(),
        [_] => "the child came back".to_string(),
        many => format!("{} processes came back as the child", many.len()),
    };
    Outcome::of(BOTH, holds, expected, with_return(seen, observed))
}

fn pid_one(seen: &Seen) -> Outcome {
    let holds = seen.alive && is_pid_one(seen);
    let observed = match &seen.children[..] {
        [] => "there is no child".to_string(),
        [child, ..] if !child.left_the_host => "the child is in the host's PID namespace".to_string(),
        [child, ..] => format!("from the host's namespace inwards, its numbers are {}", numbers(&child.numbers)),
    };
    let expected = "NSpid has one number more than the caller's, and it is 1";
    Outcome::of(PID_ONE, holds, expected, with_return(seen, observed))
}

fn is_pid_one(seen: &Seen) -> bool {
    matches!(&seen.children[..], [child] if child.numbers == [1])
}

fn family(seen: &Seen) -> Outcome {
    let holds = seen.alive
        && matches!((&seen.children[..], &seen.grandchildren[..]), ([child], [grandchild])
            if child.left_the_host && child.namespace.is_some() && grandchild.namespace == child.namespace);
    let observed = match (&seen.children[..], &seen.grandchildren[..]) {
        ([], _) => "there is no child".to_string(),
        (_, []) => "the child could start nothing".to_string(),
        ([child, ..], [grandchild, ..]) if grandchild.namespace == child.namespace => "both are on the host".into(),
        ([_, ..], [grandchild, ..]) => {
            format!("it is in another one; its numbers there are {}", numbers(&grandchild.numbers))
        }
    };
    Outcome::of(
        FAMILY,
        holds,
        "a process that the child forks is in the child's namespace",
        with_return(seen, observed),
    )
}

fn told(seen: &Seen) -> Outcome {
    let holds = seen.alive && matches!(&seen.children[..], [child] if child.is_known && child.is_the_callers);
    let observed = match &seen.children[..] {
        [] => "there is no child".to_string(),
        _ => "a signal to the number that the parent got didn't arrive at the child".to_string(),
    };
    let expected = "ForkResult::Parent { child }, with the number that the child has on the host";
    Outcome::of(TOLD, holds, expected, with_return(seen, observed))
}

fn stays(seen: &Seen) -> Outcome {
    // Where its children are to be born is the one thing that has to change.
    let others = besides(&seen.left, "pid_for_children");
    let holds = returned(seen) && others.is_empty();
    let expected = "the caller has left no namespace that it was in, and is alive";
    Outcome::of(STAYS, holds, expected, with_return(seen, format!("it has left: {}", list(&others))))
}

/// The caller came back, and is there.
fn returned(seen: &Seen) -> bool {
    seen.alive && seen.heard == Heard::Ok
}

/// The mistake that fits everything that was seen.
fn mistake(seen: &Seen) -> Option<&'static Mistake> {
    if !seen.alive {
        return None;
    }
    let made_one = seen.left.contains(&"pid_for_children");
    match (&seen.heard, &seen.children[..]) {
        (Heard::Silence(_), [_]) if is_pid_one(seen) => Some(&WAITS),
        (Heard::Ok, [_]) if is_pid_one(seen) && besides(&seen.left, "pid_for_children") == ["user"] => {
            Some(&ANOTHER_USER_NAMESPACE)
        }
        (Heard::Ok, [child]) => with_child(seen, made_one, child),
        (Heard::Ok, []) if made_one && seen.ended > 0 => Some(&PID_ONE_ENDED),
        (Heard::Ok, []) if made_one => Some(&NEVER_FORKED),
        _ => None,
    }
}

fn with_child(seen: &Seen, made_one: bool, child: &Process) -> Option<&'static Mistake> {
    let for_others = child.for_children != child.namespace;
    match child.numbers[..] {
        [] if made_one || for_others => Some(&FORKED_FIRST),
        [] => Some(&NO_NAMESPACE),
        [1] if for_others => Some(&MADE_ANOTHER),
        [number] if number > 1 && !child.is_the_callers && seen.left == ["pid_for_children"] => Some(&FORKED_TWICE),
        _ => None,
    }
}

fn numbers(numbers: &[i32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(", ")
}

/// What was seen, and what the function returned where that isn't Ok. Of a program that has ended, or that failed before there was
/// a child, only the latter is worth saying.
fn with_return(seen: &Seen, observed: String) -> String {
    match (&seen.heard, seen.alive) {
        (Heard::Ok, true) => observed,
        (heard, true) if !seen.children.is_empty() || seen.ended > 0 => format!("{observed}; {}", heard.in_words()),
        (heard, _) => heard.in_words(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn child() -> Process {
        Process {
            is_the_callers: true,
            numbers: vec![1],
            left_the_host: true,
            namespace: Some(7),
            for_children: Some(7),
            is_known: true,
        }
    }

    /// What a right answer shows.
    fn right() -> Seen {
        let grandchild = Process { is_the_callers: false, numbers: vec![2], is_known: false, ..child() };
        Seen {
            heard: Heard::Ok,
            alive: true,
            left: vec!["pid_for_children"],
            children: vec![child()],
            grandchildren: vec![grandchild],
            ended: 0,
            printed: String::new(),
        }
    }

    fn judged(change: impl Fn(&mut Seen)) -> Judgement {
        let mut seen = right();
        change(&mut seen);
        judge(&seen)
    }

    #[test]
    fn a_right_answer_passes() {
        let judgement = judged(|_| {});
        assert!(judgement.passed());
        assert_eq!(judgement.mistake, None);
    }

    #[test]
    fn a_plain_fork_is_told_from_one_that_came_too_early() {
        let on_the_host = |seen: &mut Seen| {
            let host = Process { numbers: vec![], left_the_host: false, namespace: Some(1), ..child() };
            seen.children = vec![Process { for_children: Some(1), ..host.clone() }];
            seen.grandchildren = seen.children.clone();
            seen.left.clear();
        };
        let plain = judged(on_the_host);
        assert_eq!(plain.mistake, Some(&NO_NAMESPACE));
        assert_eq!(plain.failing_claims(), [PID_ONE, FAMILY]);
        let early = judged(|seen| {
            on_the_host(seen);
            seen.children[0].for_children = Some(9);
        });
        assert_eq!(early.mistake, Some(&FORKED_FIRST));
    }

    #[test]
    fn a_user_namespace_of_its_own_is_one_too_many() {
        let judgement = judged(|seen| seen.left.push("user"));
        assert_eq!((judgement.mistake, judgement.failing_claims()), (Some(&ANOTHER_USER_NAMESPACE), vec![STAYS]));
        // Other kinds are no known mistake.
        assert_eq!(judged(|seen| seen.left.push("uts")).mistake, None);
    }

    #[test]
    fn a_namespace_without_a_child_is_no_container() {
        let nobody = |seen: &mut Seen| {
            seen.children.clear();
            seen.grandchildren.clear();
        };
        let judgement = judged(nobody);
        assert_eq!(judgement.failing_claims(), [BOTH, PID_ONE, FAMILY, TOLD]);
        assert_eq!(judgement.mistake, Some(&NEVER_FORKED));
        let ended = judged(|seen| {
            nobody(seen);
            seen.ended = 1;
        });
        assert_eq!(ended.mistake, Some(&PID_ONE_ENDED));
    }

    #[test]
    fn who_pretends_to_be_the_child_gets_no_guess() {
        let judgement = judged(|seen| {
            seen.children.clear();
            seen.grandchildren.clear();
            seen.left.clear();
        });
        assert_eq!(judgement.mistake, None);
        assert_eq!(judgement.failing(), 4);
    }

    #[test]
    fn a_made_up_number_is_noticed() {
        assert_eq!(judged(|seen| seen.children[0].is_known = false).failing_claims(), [TOLD]);
    }

    #[test]
    fn a_caller_that_left_its_own_namespaces_fails_one_check() {
        assert_eq!(judged(|seen| seen.left.push("uts")).failing_claims(), [STAYS]);
    }

    #[test]
    fn a_caller_that_never_comes_back_is_told_from_one_that_ended() {
        let silent = judged(|seen| seen.heard = Heard::Silence(Duration::from_secs(5)));
        assert_eq!(silent.mistake, Some(&WAITS));
        assert_eq!(silent.failing_claims(), [BOTH, STAYS]);
        let ended = judged(|seen| {
            seen.heard = Heard::Ended(0);
            seen.alive = false;
            seen.children.clear();
            seen.grandchildren.clear();
        });
        assert_eq!((ended.failing(), ended.mistake), (5, None));
    }
}
