//! The mistakes that are recognized, each proved by a file in `solutions/01-namespaces/wrong/init`.

use exercise::Mistake;

pub const IS_THE_COMMAND: Mistake = Mistake {
    id: "is-the-command",
    what: "The command itself is PID 1.",
    why: "exec without a fork before it turns this process into the command, and then nobody is left to reap and to forward. The \
          command has to be a child of the init.",
};

pub const ONLY_WAITS: Mistake = Mistake {
    id: "only-waits",
    what: "The init waits for its command, and for nothing else.",
    why: "waitpid(child) sleeps until that one child ends. Meanwhile orphans stay zombies, for nobody asks for them, and signals \
          are lost: PID 1 is spared those for which it has no handler and which it doesn't block.",
};

pub const NEVER_REAPS: Mistake = Mistake {
    id: "never-reaps",
    what: "Orphans that have ended stay zombies.",
    why: "The kernel gives every orphan of the namespace to PID 1. waitpid with the command's number asks for that one only; None asks for \
          any child, also for those that one didn't start.",
};

pub const ONE_A_SIGNAL: Mistake = Mistake {
    id: "one-a-signal",
    what: "Several orphans ended at once, and one of them was reaped.",
    why: "A signal is a flag, not a queue: while one SIGCHLD waits to be taken, others add nothing to it. After each there may be \
          several children to wait for: ask until there is none (WNOHANG).",
};

pub const FORWARDS_NOTHING: Mistake = Mistake {
    id: "forwards-nothing",
    what: "Orphans are reaped, and signals go nowhere.",
    why: "What is sent to the container is sent to its PID 1, and the kernel spares PID 1 every signal for which it has no handler \
          and which it doesn't block. An init takes them and sends each on to the command.",
};

pub const ONLY_TERM: Mistake = Mistake {
    id: "only-term",
    what: "TERM is forwarded, and another signal isn't.",
    why: "`docker kill --signal HUP` tells many servers to read their configuration again; INT, USR1, USR2, QUIT mean something to \
          others. An init doesn't know which: it hands on what it gets.",
};

pub const KILLS: Mistake = Mistake {
    id: "kills",
    what: "Whatever is sent to the init, the command is killed by KILL.",
    why: "KILL can't be handled, so that the command can't tidy up, which is what TERM is for. Send on the signal that came.",
};

pub const ALWAYS_TERM: Mistake = Mistake {
    id: "always-term",
    what: "Whatever is sent to the init, the command gets TERM.",
    why: "Other signals mean other things (HUP: read your configuration again). Send on the signal that came.",
};

pub const WAITS_FOR_ALL: Mistake = Mistake {
    id: "waits-for-all",
    what: "The command has ended, and the init waits for everyone else.",
    why: "A container ends when its command does. What it has left running dies with PID 1; waiting until there are no children \
          (ECHILD) may take for ever.",
};

pub const ANY_CHILD: Mistake = Mistake {
    id: "any-child",
    what: "An orphan ended, and the init took it for the command.",
    why: "waitpid(None, …) returns whichever child has ended. Compare its number with the command's before you return.",
};

pub const BARE_SIGNAL: Mistake = Mistake {
    id: "bare-signal",
    what: "The command was killed by signal 15, and 15 was returned.",
    why: "A command may exit with 15 as well. Shells and Docker add 128 to a signal's number, so that the two can be told apart.",
};

pub const NO_CODE: Mistake = Mistake {
    id: "no-code",
    what: "Whatever becomes of the command, 0 is returned.",
    why: "Who runs the container wants to know how its command ended: waitpid's result has the exit code, or the signal.",
};

pub const CAME_BACK_TWICE: Mistake = Mistake {
    id: "came-back-twice",
    what: "The command couldn't be started, and the child came back from the function as a second process.",
    why: "After a fork there are two of everything below: a `?` in the child returns to the caller, which then goes on twice, in the \
          same container. A child that can't exec has to say why and exit.",
};

pub const ALL: &[Mistake] = &[
    IS_THE_COMMAND,
    ONLY_WAITS,
    NEVER_REAPS,
    ONE_A_SIGNAL,
    FORWARDS_NOTHING,
    ONLY_TERM,
    KILLS,
    ALWAYS_TERM,
    WAITS_FOR_ALL,
    ANY_CHILD,
    BARE_SIGNAL,
    NO_CODE,
    CAME_BACK_TWICE,
];
