//! The mistakes that are recognized, each proved by a file in `solutions/03-cgroups/wrong/freeze`.

use exercise::Mistake;

pub const STOPPED: Mistake = Mistake {
    id: "stopped",
    what: "The processes were stopped by a signal, and the group isn't frozen.",
    why: "SIGSTOP is seen by their parents, which may act on it, and whoever may signal them can send SIGCONT. A frozen process \
          notices nothing, and nobody in the container can wake it.",
};

pub const NEVER_WAITED: Mistake = Mistake {
    id: "never-waited",
    what: "When the function returned, some of the processes were still running.",
    why: "To write FROZEN, or 1, only asks for it. Each process has to come to a point at which it can stand still, and that takes a \
          moment. Whoever copies a container's files after that needs it to be so. The state can be read.",
};

pub const FOR_EVER: Mistake = Mistake {
    id: "for-ever",
    what: "What was frozen doesn't go on.",
    why: "The function has a second argument: it says which of the two is asked for. On v1 the words are FROZEN and THAWED, on v2 1 and 0.",
};

pub const SWALLOWED_THE_ERROR: Mistake = Mistake {
    id: "swallowed-the-error",
    what: "There was no group, and the function returned Ok.",
    why: "Somewhere the result of a write is dropped (`let _ =`, `.ok()`). Return the error: `?` does that.",
};

pub const BARE_ERRNO: Mistake = Mistake {
    id: "bare-errno",
    what: "The error is the bare errno.",
    why: "Whoever reads it learns that something was refused, but not what. anyhow's Context adds that: call.context(\"…\")?",
};

pub const ALL: &[Mistake] = &[STOPPED, NEVER_WAITED, FOR_EVER, SWALLOWED_THE_ERROR, BARE_ERRNO];
