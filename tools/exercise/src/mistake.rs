//! Mistakes: a table for each exercise, and those that many exercises share.

/// A mistake that learners make, recognized by what the kernel shows, never by an answer's text.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Names it in `--format json` and in the header of the wrong answer that proves it, as
    /// `renamed-the-host`.
    pub id: &'static str,
    /// One sentence: what happened.
    pub what: &'static str,
    /// Why, and where to look; not the line to write.
    pub why: &'static str,
}

impl Mistake {
    pub const fn new(id: &'static str, what: &'static str, why: &'static str) -> Mistake {
        Mistake { id, what, why }
    }
}

/// The table of an exercise's mistakes: a constant for each, for its check to return, and
/// `MISTAKES` with all of them.
#[macro_export]
macro_rules! mistakes {
    ($($name:ident = $mistake:expr;)+) => {
        $(const $name: $crate::Mistake = $mistake;)+

        const MISTAKES: &[$crate::Mistake] = &[$($name),+];
    };
}

/// The kernel refused something, and the function returned Ok: `swallowed!(WHAT)` or
/// `swallowed!(WHAT, CONSEQUENCE)`.
#[macro_export]
macro_rules! swallowed {
    ($what:literal $(, $consequence:literal)?) => {
        $crate::Mistake::new(
            "swallowed-the-error",
            $what,
            concat!(
                "Somewhere the result of a call is dropped (`let _ =`, `.ok()`).",
                $(" ", $consequence,)?
                " Return the error: `?` does that."
            ),
        )
    };
}

/// An error without a context.
pub const BARE_ERRNO: Mistake = Mistake::new(
    "bare-errno",
    "The error is the bare errno.",
    "The caller learns that something was refused, but not in which step. anyhow's Context adds that: \
     call.context(\"what was being done\")?",
);

/// An answer that makes a user namespace where `run` has made one.
pub const ANOTHER_USER_NAMESPACE: Mistake = Mistake::new(
    "another-user-namespace",
    "The process has also left the user namespace that it was in.",
    "`run` made that user namespace, and the container's mounts and ids belong to it. A process that leaves it \
     has no power over them any more. One user namespace makes the process root; a second one takes away what \
     the first has given.",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_its_rows_and_a_swallowed_error_its_consequence() {
        mistakes! {
            ONE = Mistake::new("one", "what", "why");
            TWO = crate::swallowed!("It was refused.", "The caller believes it.");
            THREE = Mistake { why: "another reason", ..BARE_ERRNO };
        }
        assert_eq!(MISTAKES.iter().map(|mistake| mistake.id).collect::<Vec<_>>(), ["one", TWO.id, "bare-errno"]);
        assert!(TWO.why.contains("`.ok()`). The caller believes it. Return"), "{}", TWO.why);
        assert_eq!((ONE.what, THREE.what, THREE.why), ("what", BARE_ERRNO.what, "another reason"));
    }
}
