//! The mistakes that are recognized, each proved by a file in `solutions/03-cgroups/wrong/pids`.

use exercise::Mistake;

pub const OF_THE_USER: Mistake = Mistake {
    id: "of-the-user",
    what: "The limit is on processes of the user (RLIMIT_NPROC), and not on those of the group.",
    why: "The kernel counts them for the user, all that they run anywhere; so one container takes another's. And root isn't bound by it. The \
          group has a file of its own for that.",
};

pub const ONE_OFF: Mistake = Mistake {
    id: "one-off",
    what: "The limit is by one too high or too low.",
    why: "The container's first process counts as one of them, as it does for Docker; mydocker itself isn't in the group, and doesn't.",
};

pub const SWALLOWED_THE_ERROR: Mistake = Mistake {
    id: "swallowed-the-error",
    what: "There was no group, and the function returned Ok.",
    why: "Somewhere the result of a write is dropped (`let _ =`, `.ok()`). The container would run without a limit. Return the error: `?` \
          does that.",
};

pub const BARE_ERRNO: Mistake = Mistake {
    id: "bare-errno",
    what: "The error is the bare errno.",
    why: "Whoever reads it learns that something was refused, but not what. anyhow's Context adds that: call.context(\"…\")?",
};

pub const ALL: &[Mistake] = &[OF_THE_USER, ONE_OFF, SWALLOWED_THE_ERROR, BARE_ERRNO];
