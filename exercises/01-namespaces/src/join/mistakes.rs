//! The mistakes that are recognized, each proved by a file in `solutions/01-namespaces/wrong/join`.

use exercise::Mistake;

pub const USER_NOT_FIRST: Mistake = Mistake {
    id: "user-not-first",
    what: "Nothing was joined; for a caller who is root of the container's user namespace it works.",
    why: "The container's namespaces belong to its user namespace, and an ordinary user has powers over them only in there. Their \
          own user namespace is one that they may join (who made it may): that comes first.",
};

pub const ALREADY_THERE: Mistake = Mistake {
    id: "already-there",
    what: "A container is joined if it shares nothing with the caller, and else it isn't.",
    why: "Something was joined that the caller is in already. The kernel refuses one's own user namespace (EINVAL: it would give back \
          capabilities that were dropped), and any that belongs to another user namespace (EPERM). Two files in /proc/PID/ns are the \
          same namespace if their inode numbers are.",
};

pub const ONE_BY_ONE: Mistake = Mistake {
    id: "one-by-one",
    what: "A container is joined, unless it runs in a lab (or any other host of namespaces) itself.",
    why: "Such a container shares namespaces that don't belong to its own user namespace, but to the lab's. Whoever has joined the first \
          has no powers over the second any more. In a single setns, with the process as a descriptor (given::pidfd) and all \
          flags, the kernel asks for each what you may do before you move.",
};

pub const OPENED_TOO_LATE: Mistake = Mistake {
    id: "opened-too-late",
    what: "The caller is in the container's mount namespace, and others of its namespaces are missing.",
    why: "From that moment on, /proc is the container's, where the number of outside means nobody (or somebody else). Open all that is \
          needed first, then join.",
};

pub const NO_PID: Mistake = Mistake {
    id: "no-pid",
    what: "Everything was joined but the PID namespace.",
    why: "Whatever the caller starts now has the container's files and network, and the host's process numbers: it isn't seen in \
          there, and it doesn't end with it. setns changes nothing for the caller here: it is for its children.",
};

pub const NOT_ALL: Mistake = Mistake {
    id: "not-all",
    what: "Some namespaces were joined, and some were forgotten.",
    why: "There are eight kinds: `ls /proc/self/ns` lists them. (mnt is the one for mounts; time and cgroup are the youngest.)",
};

pub const NOTHING_CHANGED: Mistake = Mistake {
    id: "nothing-changed",
    what: "The function returned Ok, and the caller is where it was.",
    why: "setns(2) moves the process (the thread, even) that calls it. A command like nsenter moves itself, and what it \
          starts: its caller stays outside.",
};

pub const SWALLOWED_THE_ERROR: Mistake = Mistake {
    id: "swallowed-the-error",
    what: "There was nothing to join, and the function returned Ok.",
    why: "Its caller goes on to start a command in the container, and starts it on the host. A file that can't be opened, a \
          namespace that can't be joined has to be the function's error: `?` does that.",
};

pub const BARE_ERRNO: Mistake = Mistake {
    id: "bare-errno",
    what: "The error is the bare errno.",
    why: "An errno could be about any of many files. Say which namespace of which process it was: \
          .with_context(|| format!(…))?",
};

pub const ALL: &[Mistake] = &[
    USER_NOT_FIRST,
    ALREADY_THERE,
    ONE_BY_ONE,
    OPENED_TOO_LATE,
    NO_PID,
    NOT_ALL,
    NOTHING_CHANGED,
    SWALLOWED_THE_ERROR,
    BARE_ERRNO,
];
