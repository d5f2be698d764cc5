//! The mistakes that are recognized, each proved by a file in `solutions/02-rootfs/wrong/private_mounts`.

use exercise::Mistake;

pub const STILL_SHARED: Mistake = Mistake {
    id: "still-shared",
    what: "The process has a mount table of its own, and it is still connected with the host's.",
    why: "The copy of a shared mount is shared with the original: what is mounted in one table appears in the other, and what is \
          unmounted goes in both. systemd makes / shared on nearly every machine. A new mount namespace has to be made private.",
};

pub const NOT_ALL: Mistake = Mistake {
    id: "only-the-top",
    what: "/ is private, and the mounts below it are shared as they were.",
    why: "Each mount has its own propagation; changing that of / changes one line of the table. The place where the container mounted \
          something lies on another. mount(2) has a flag for the whole tree.",
};

pub const ANOTHER_USER_NAMESPACE: Mistake = Mistake {
    id: "another-user-namespace",
    what: "The process has also left the user namespace that it was in.",
    why: "The one it was in is given: run has made it, the container's mounts and ids belong to it, and who leaves it has no \
          power over them any more. One user namespace makes root; a second one takes away what the first has.",
};

pub const STILL_LISTENS: Mistake = Mistake {
    id: "still-listens",
    what: "Nothing leaves the container's table, but what is mounted on the host still arrives in it.",
    why: "These mounts are slaves (master:N in mountinfo): one way is cut, the other isn't. That is what runc does on purpose; here \
          the table shall be private both ways.",
};

pub const CHANGED_THE_HOST: Mistake = Mistake {
    id: "changed-the-host",
    what: "You made the host's mounts private (here only the lab's), and left afterwards.",
    why: "The order matters: whoever makes mounts private does so in the table they are in at that moment. The copy is private as well, \
          so all looks well; but services of the host that rely on shared mounts don't see new ones any more.",
};

pub const NEVER_LEFT: Mistake = Mistake {
    id: "never-left",
    what: "The process is in the host's mount namespace, and has made the host's mounts private (here only the lab's).",
    why: "Private means: no connection between tables. But there is one table, the host's, and the container mounts in it. First it \
          needs a table of its own.",
};

pub const NOTHING_CHANGED: Mistake = Mistake {
    id: "nothing-changed",
    what: "The function returned Ok, and the process is where it was.",
    why: "A namespace belongs to a process (to a thread, even): if a child process or another thread made the calls, the change was \
          theirs alone and went with them. This process has to make them itself.",
};

pub const SWALLOWED_THE_ERROR: Mistake = Mistake {
    id: "swallowed-the-error",
    what: "The kernel refused it, and the function returned Ok.",
    why: "Somewhere the result of a call is dropped (`let _ =`, `.ok()`). Its caller goes on to mount in what it takes for its own table, \
          and as root of the machine that is the machine's. Return the error: `?` does that.",
};

pub const BARE_ERRNO: Mistake = Mistake {
    id: "bare-errno",
    what: "The error is the bare errno.",
    why: "Whoever reads it learns that something was refused, but not which of the steps. anyhow's Context adds that: \
          call.context(\"what was being done\")?",
};

pub const ALL: &[Mistake] = &[
    STILL_SHARED,
    NOT_ALL,
    STILL_LISTENS,
    ANOTHER_USER_NAMESPACE,
    CHANGED_THE_HOST,
    NEVER_LEFT,
    NOTHING_CHANGED,
    SWALLOWED_THE_ERROR,
    BARE_ERRNO,
];
