//! The mistakes that are recognized, each proved by a file in `solutions/02-rootfs/wrong/chroot_escape`.

use exercise::Mistake;

pub const STOPPED_AT_THE_ROOT: Mistake = Mistake {
    id: "stopped-at-the-root",
    what: "You are where you were: `..` at the root is the root.",
    why: "The kernel compares each step up with the process's root, and stops there. Only there: whoever stands where the root isn't \
          on the way up walks past it. How do you get to stand above your own root?",
};

pub const DEEPER: Mistake = Mistake {
    id: "deeper",
    what: "You are one chroot deeper.",
    why: "You made a folder the root, and went into it: now it is on your way up, as the first one was. chroot(2) itself \
          doesn't move you, and that is what you need.",
};

pub const NEVER_WENT_UP: Mistake = Mistake {
    id: "never-went-up",
    what: "The root is a folder below you, so you are outside of it; and you stay where you are.",
    why: "Nothing stops `..` any more. Go up.",
};

pub const ROOT_STAYED: Mistake = Mistake {
    id: "root-stayed",
    what: "You are out with your working directory only; the root is still a folder in the chroot.",
    why: "A relative path finds the host's files, one that begins with / doesn't, and whatever you start next will use those. One more \
          call makes the place where you stand the root.",
};

pub const NOT_HIGH_ENOUGH: Mistake = Mistake {
    id: "not-high-enough",
    what: "It works out of a chroot that is few folders deep; out of a deep one you got half-way.",
    why: "How deep it is nobody in there can know. Go up until it goes no further: at the top `..` is the folder itself. (Or so often \
          that no path is that long.)",
};

pub const SWALLOWED_THE_ERROR: Mistake = Mistake {
    id: "swallowed-the-error",
    what: "It couldn't get out, and the function returned Ok.",
    why: "Somewhere the result of a call is dropped (`let _ =`, `.ok()`). An attack that believes that it is out, is only half one. Return the \
          error: `?` does that.",
};

pub const BARE_ERRNO: Mistake = Mistake {
    id: "bare-errno",
    what: "The error is the bare errno.",
    why: "Whoever reads it learns that something was refused, but not which of the steps. anyhow's Context adds that: \
          call.context(\"what was being done\")?",
};

pub const ALL: &[Mistake] =
    &[STOPPED_AT_THE_ROOT, DEEPER, NEVER_WENT_UP, ROOT_STAYED, NOT_HIGH_ENOUGH, SWALLOWED_THE_ERROR, BARE_ERRNO];
