//! The mistakes that are recognized, each proved by a file in `solutions/01-namespaces/wrong/hostname`.

use exercise::Mistake;

pub const RENAMED_THE_HOST: Mistake = Mistake {
    id: "renamed-the-host",
    what: "You renamed the machine (here only the lab).",
    why: "The process never left the UTS namespace it was born in, which is the machine's. sethostname(2) names whichever UTS \
          namespace its caller is in, and everyone else in it sees the new name.",
};

pub const NAMED_TOO_EARLY: Mistake = Mistake {
    id: "named-too-early",
    what: "The name was set first, and the namespace left afterwards.",
    why: "So it was the machine that got the name. The process's new namespace shows it too, because a UTS namespace begins \
          as a copy of the one its maker was in.",
};

pub const NEVER_NAMED: Mistake = Mistake {
    id: "never-named",
    what: "The process has a UTS namespace of its own, with the machine's name still in it.",
    why: "A new UTS namespace begins as a copy of the one its maker was in. The name has to be set in it, after the process \
          has moved.",
};

pub const WRONG_NAMESPACE: Mistake = Mistake {
    id: "wrong-namespace",
    what: "The process left a namespace, but not the one that holds the hostname.",
    why: "Hostnames live in the UTS namespace. namespaces(7) has a table: which flag is for which kind, and what it isolates. \
          (CLONE_NEWNS is the mount namespace; it was the first kind, and nobody expected a second.)",
};

pub const ANOTHER_USER_NAMESPACE: Mistake = Mistake {
    id: "another-user-namespace",
    what: "The process has also left the user namespace that it was in.",
    why: "The one it was in is given: run has made it, the container's mounts and ids belong to it, and who leaves it has no \
          power over them any more. One user namespace makes root; a second one takes away what the first has.",
};

pub const ALWAYS_THE_SAME_NAME: Mistake = Mistake {
    id: "always-the-same-name",
    what: "Whatever name is asked for, the process gets the same one.",
    why: "It was run twice, with two names. The function's argument is the name to set.",
};

pub const CUT_THE_NAME: Mistake = Mistake {
    id: "cut-the-name",
    what: "A name that is too long was cut, and nobody was told.",
    why: "Two containers whose names begin alike would get the same one. The kernel refuses more than 64 bytes (EINVAL): let its \
          refusal reach the caller.",
};

pub const SWALLOWED_THE_ERROR: Mistake = Mistake {
    id: "swallowed-the-error",
    what: "The kernel refused a name that is too long, and the function returned Ok.",
    why: "Somewhere the result of a call is dropped (`let _ =`, `.ok()`). Its caller believes now that the name is set. Return the error: \
          `?` does that.",
};

pub const BARE_ERRNO: Mistake = Mistake {
    id: "bare-errno",
    what: "The error is the bare errno.",
    why: "Whoever reads it learns that something was refused, but not which of the steps. anyhow's Context adds that: \
          call.context(\"what was being done\")?",
};

pub const NOTHING_CHANGED: Mistake = Mistake {
    id: "nothing-changed",
    what: "The function returned Ok, and nothing has changed: not for the process, not for the host.",
    why: "A namespace belongs to a process (to a thread, even): if it was a child process or another thread that made the \
          calls, the change was theirs alone and went with them. This process has to make them itself.",
};

pub const ALL: &[Mistake] = &[
    RENAMED_THE_HOST,
    NAMED_TOO_EARLY,
    NEVER_NAMED,
    WRONG_NAMESPACE,
    ANOTHER_USER_NAMESPACE,
    ALWAYS_THE_SAME_NAME,
    CUT_THE_NAME,
    SWALLOWED_THE_ERROR,
    BARE_ERRNO,
    NOTHING_CHANGED,
];
