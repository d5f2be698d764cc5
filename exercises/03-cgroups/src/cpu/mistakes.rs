//! The mistakes that are recognized, each proved by a file in `solutions/03-cgroups/wrong/cpu`.

use exercise::Mistake;

use crate::mistakes::OTHER_VERSION;

pub const A_WEIGHT: Mistake = Mistake {
    id: "a-weight",
    what: "The group has another weight, and no limit.",
    why: "Weights (cpu.shares, cpu.weight) divide processors among groups that want more than there is. Where nobody else wants it, a group \
          gets all, whatever its weight. A limit is a quota: it holds on an idle machine, too.",
};

pub const ANOTHER_UNIT: Mistake = Mistake {
    id: "another-unit",
    what: "There is a limit, and it is by the same factor too high or too low, whatever is asked for.",
    why: "A quota is in microseconds, and so is a period. How many processors that is, is the quotient of the two, and not the quota.",
};

pub const WHOLE_PROCESSORS: Mistake = Mistake {
    id: "whole-processors",
    what: "More than one processor comes out as a whole number of them.",
    why: "A quota may be more than its period: 150000 in 100000 is one and a half processors. Where was the fraction cut off, or the \
          number held below one?",
};

pub const NEGATIVE_IS_NONE: Mistake = Mistake {
    id: "negative-is-none",
    what: "Less than nothing was asked for; the function returned Ok, and the group has no limit.",
    why: "v1 takes a quota below zero as \"no limit\". So a sign in the wrong place would take the limit away, and nobody would hear \
          of it. The kernel refuses what is too small, but this is for the function to refuse.",
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

pub const ALL: &[Mistake] =
    &[OTHER_VERSION, A_WEIGHT, ANOTHER_UNIT, WHOLE_PROCESSORS, NEGATIVE_IS_NONE, SWALLOWED_THE_ERROR, BARE_ERRNO];
