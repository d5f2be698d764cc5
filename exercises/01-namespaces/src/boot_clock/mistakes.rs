//! The mistakes that are recognized, each proved by a file in `solutions/01-namespaces/wrong/boot_clock`.

use exercise::Mistake;

pub const NO_NAMESPACE: Mistake = Mistake {
    id: "no-namespace",
    what: "No time namespace was made for the caller's children.",
    why: "The offsets of the namespace that the caller lives in can't be changed. It takes a new one, by unshare(2), from the caller \
          itself. (Called without a flag, unshare does nothing and says Ok. `strace -f -e trace=unshare` shows which arrives.)",
};

pub const WRITTEN_FIRST: Mistake = Mistake {
    id: "written-first",
    what: "The offsets were to be written while there was no time namespace for the caller's children (EPERM, or EACCES for root).",
    why: "Until unshare(2) has made a new one, /proc/self/timens_offsets is about the machine's own clocks, and those aren't the \
          caller's to set. First unshare, then the file. (Does the flag arrive? Without one, unshare does nothing and says Ok: \
          `strace -f -e trace=unshare` shows it.)",
};

pub const JOINED_ITSELF: Mistake = Mistake {
    id: "joined-itself",
    what: "The caller lives by the new clocks itself.",
    why: "Asked for were clocks for its children, who are born with them. unshare(2) leaves the caller where it is, and so it shall stay: \
          setns(2) on time_for_children moves it. (And whoever is in a time namespace, caller or child, freezes its offsets.)",
};

pub const TOO_LATE: Mistake = Mistake {
    id: "too-late",
    what: "A time namespace was made, and when the offsets were written, somebody lived by its clocks already.",
    why: "With the first process in it the offsets are frozen (EACCES): a clock must not jump. They can be written between unshare and \
          the first child, and at no other time.",
};

pub const NEVER_SET: Mistake = Mistake {
    id: "never-set",
    what: "There is a time namespace, with the machine's clocks in it.",
    why: "A new one has offsets of 0. They are set by writing to /proc/self/timens_offsets, which is about the clocks of the caller's \
          children.",
};

pub const NO_SUCH_LINE: Mistake = Mistake {
    id: "no-such-line",
    what: "There is a time namespace, its offsets may still be set, and the kernel didn't understand what was written (EINVAL).",
    why: "A line of timens_offsets has three words: the clock's name, seconds, nanoseconds. Both are whole numbers, the second one below \
          1,000,000,000; neither may be left out.",
};

pub const WRONG_CLOCK: Mistake = Mistake {
    id: "wrong-clock",
    what: "The monotonic clock was set, and the boot clock is the machine's.",
    why: "Two clocks count from boot. The one that `uptime` shows, which goes on while the machine sleeps, is called \
          boottime.",
};

pub const BOTH_CLOCKS: Mistake = Mistake {
    id: "both-clocks",
    what: "Both clocks were set.",
    why: "Asked for was a boot clock that is ahead. A clock that isn't named in /proc/self/timens_offsets keeps its offset.",
};

pub const WRONG_UNIT: Mistake = Mistake {
    id: "wrong-unit",
    what: "The offset in seconds is the number of smaller units.",
    why: "A line of timens_offsets has seconds and then nanoseconds of another one: Duration::as_secs and subsec_nanos.",
};

pub const WHOLE_SECONDS: Mistake = Mistake {
    id: "whole-seconds",
    what: "The fraction of a second is lost.",
    why: "A Duration has nanoseconds, and so has a line of timens_offsets: its last number.",
};

pub const ABSOLUTE: Mistake = Mistake {
    id: "absolute",
    what: "The clock is ahead by what was asked for and by all the time that the machine has been up.",
    why: "What is written is an offset: how far the clock shall be ahead of the machine's, not what it shall show.",
};

pub const ALWAYS_THE_SAME: Mistake = Mistake {
    id: "always-the-same",
    what: "Whatever is asked for, the clock is ahead by the same time.",
    why: "It was run twice, with two times. The function's argument is how far the clock shall be ahead.",
};

pub const SWALLOWED_THE_ERROR: Mistake = Mistake {
    id: "swallowed-the-error",
    what: "The kernel refused the offset, and the function returned Ok.",
    why: "Somewhere the result of a call is dropped (`let _ =`, `.ok()`). Its caller believes now that the clock is set. Return the \
          error: `?` does that.",
};

pub const BARE_ERRNO: Mistake = Mistake {
    id: "bare-errno",
    what: "The error is the bare errno.",
    why: "An errno fits many calls. Say which one was refused, and with what: call.context(\"…\")?",
};

pub const ALL: &[Mistake] = &[
    NO_NAMESPACE,
    WRITTEN_FIRST,
    JOINED_ITSELF,
    TOO_LATE,
    NEVER_SET,
    NO_SUCH_LINE,
    WRONG_CLOCK,
    BOTH_CLOCKS,
    WRONG_UNIT,
    WHOLE_SECONDS,
    ABSOLUTE,
    ALWAYS_THE_SAME,
    SWALLOWED_THE_ERROR,
    BARE_ERRNO,
];
