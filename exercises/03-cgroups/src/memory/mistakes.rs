//! The mistakes that are recognized, each proved by a file in `solutions/03-cgroups/wrong/memory`.

use exercise::Mistake;

use crate::mistakes::OTHER_VERSION;

pub const NO_LIMIT: Mistake = Mistake {
    id: "no-limit",
    what: "The function returned Ok, and the group has no limit on memory.",
    why: "A soft limit (memory.soft_limit_in_bytes, memory.low, memory.high) is a wish for the time when memory is short, and rlimits are of one process's \
          addresses. What binds is memory.max, on v1 memory.limit_in_bytes, of this group.",
};

pub const ANOTHER_UNIT: Mistake = Mistake {
    id: "another-unit",
    what: "There is a limit, and it is hundreds of times too high or too low.",
    why: "The files have bytes, and so has the argument. (ulimit counts in KiB, of 1024 bytes.)",
};

pub const MAY_SWAP: Mistake = Mistake {
    id: "may-swap",
    what: "Memory is limited, and swap isn't.",
    why: "Who hits the limit then goes on with swap: slowly, and without end. Swap has a limit of its own in another file: \
          memory.swap.max, on v1 memory.memsw.limit_in_bytes, which is of both together. On a machine without swap nobody notices.",
};

pub const SWAP_FIRST: Mistake = Mistake {
    id: "swap-first",
    what: "v1 has the file, and refused what was written to it: EINVAL.",
    why: "It refuses what is no number, and a limit that doesn't fit the other one: memory and swap together are never less than memory alone, \
          which has no limit yet. So which of the two has to come first?",
};

pub const NO_COUNT: Mistake = Mistake {
    id: "no-count",
    what: "The kernel's file is there, and was_oom_killed gives an error.",
    why: "Which line did it read, and what is behind the name? On v1 memory.oom_control has another line that begins with the same letters: \
          oom_kill_disable, which is a setting. A name ends with the space behind it.",
};

pub const HIT_IS_NOT_KILLED: Mistake = Mistake {
    id: "hit-is-not-killed",
    what: "Nobody was killed for memory, and was_oom_killed says yes.",
    why: "The limit was hit, the kernel took back what could be had again, and all went on: reading a big file does that. Later somebody else \
          killed the process. memory.failcnt, and \"max\" in memory.events, count hits. Which line counts kills, and \
          only those?",
};

pub const NEVER_TOLD: Mistake = Mistake {
    id: "never-told",
    what: "The kernel has killed for memory, and was_oom_killed says no.",
    why: "It is counted in the group: a line \"oom_kill N\" in memory.events, on v1 in memory.oom_control. under_oom is only of this moment, and \
          oom_kill_disable is a setting.",
};

pub const SWALLOWED_THE_ERROR: Mistake = Mistake {
    id: "swallowed-the-error",
    what: "There was no group, and no error.",
    why: "Somewhere the result of a call is dropped (`let _ =`, `.ok()`, `unwrap_or_default`). Then the container would run without a limit, or \
          nobody would hear why it died. Return the error: `?` does that.",
};

pub const BARE_ERRNO: Mistake = Mistake {
    id: "bare-errno",
    what: "The error is the bare errno.",
    why: "Whoever reads it learns that something was refused, but not what. anyhow's Context adds that: call.context(\"…\")?",
};

pub const ALL: &[Mistake] = &[
    OTHER_VERSION,
    SWAP_FIRST,
    NO_COUNT,
    NO_LIMIT,
    ANOTHER_UNIT,
    MAY_SWAP,
    HIT_IS_NOT_KILLED,
    NEVER_TOLD,
    SWALLOWED_THE_ERROR,
    BARE_ERRNO,
];
