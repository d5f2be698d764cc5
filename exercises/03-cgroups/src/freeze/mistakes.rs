//! The mistakes that are recognized, each proved by a file in `solutions/03-cgroups/wrong/freeze`.

use exercise::Mistake;

use crate::mistakes::OTHER_VERSION;

pub const STOPPED: Mistake = Mistake {
    id: "stopped",
    what: "The processes were stopped by a signal, and the group isn't frozen.",
    why: "SIGSTOP is seen by their parents, which may act on it, and whoever may signal them can send SIGCONT. A frozen process \
          notices nothing, and nobody in the container can wake it.",
};

pub const ANOTHER_WORD: Mistake = Mistake {
    id: "another-word",
    what: "The kernel has the file, and doesn't know what was written to it: EINVAL.",
    why: "v1's freezer.state takes words, v2's cgroup.freeze takes numbers, and each refuses the other's. group.version(\"freezer\") says which it is.",
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

pub const WAITS_FOR_EVER: Mistake = Mistake {
    id: "waits-for-ever",
    what: "A group that can't go on, since the one that it is in is frozen: the function doesn't return.",
    why: "What was asked for needn't ever become so: another group holds this one, or a process waits for a device that doesn't answer. Whoever \
          waits should know how long, and then say what didn't become so.",
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

pub const ALL: &[Mistake] =
    &[OTHER_VERSION, ANOTHER_WORD, STOPPED, NEVER_WAITED, FOR_EVER, WAITS_FOR_EVER, SWALLOWED_THE_ERROR, BARE_ERRNO];
