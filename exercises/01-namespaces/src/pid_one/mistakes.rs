//! The mistakes that are recognized, each proved by a file in `solutions/01-namespaces/wrong/pid_one`.

use exercise::Mistake;

pub const NO_NAMESPACE: Mistake = Mistake {
    id: "no-namespace",
    what: "There are two processes, and both are on the host.",
    why: "fork(2) alone makes a child in its parent's PID namespace. Nobody has asked for a new one: that takes a flag, which is \
          called after what the namespace holds, PIDs.",
};

pub const FORKED_FIRST: Mistake = Mistake {
    id: "forked-first",
    what: "The child was born on the host, and the namespace was made afterwards.",
    why: "A process keeps the number that it was born with, so a PID namespace is never for the caller of unshare(2) but for the \
          children that it has from then on. This child was there already.",
};

pub const NEVER_FORKED: Mistake = Mistake {
    id: "never-forked",
    what: "A PID namespace was made, and nobody lives in it.",
    why: "unshare(CLONE_NEWPID) doesn't move its caller. It says where the next child will be born, and there was none.",
};

pub const PID_ONE_ENDED: Mistake = Mistake {
    id: "pid-one-ended",
    what: "The first child, number 1, has ended.",
    why: "When PID 1 of a namespace ends, the kernel kills everyone else in it, and nothing can be born there any more (fork: \
          ENOMEM). The process that comes back from the function has to be that first child.",
};

pub const FORKED_TWICE: Mistake = Mistake {
    id: "forked-twice",
    what: "The process that comes back is not the first one in its namespace.",
    why: "There was one fork more than is needed. The first child after unshare is number 1 already, and it is the one whose end \
          ends the container.",
};

pub const MADE_ANOTHER: Mistake = Mistake {
    id: "made-another",
    what: "The child is number 1, and what it starts is number 1 of yet another namespace.",
    why: "unshare was called once more, after the fork: code that stands behind fork runs in both processes.",
};

pub const ANOTHER_USER_NAMESPACE: Mistake = Mistake {
    id: "another-user-namespace",
    what: "The caller has left its user namespace for another one.",
    why: "The user namespace is given: whoever calls this function is root in one already, and what else that one owns (mounts, the \
          network) is out of reach from a second. CLONE_NEWPID alone is enough.",
};

pub const WAITS: Mistake = Mistake {
    id: "waits",
    what: "In the child the function has returned, in the parent it hasn't.",
    why: "The parent has things to do while the container runs (plug it into a network, say), so waiting for it is up to the \
          caller. Return what fork returned.",
};

pub const ALL: &[Mistake] = &[
    NO_NAMESPACE,
    FORKED_FIRST,
    NEVER_FORKED,
    PID_ONE_ENDED,
    FORKED_TWICE,
    MADE_ANOTHER,
    ANOTHER_USER_NAMESPACE,
    WAITS,
];
