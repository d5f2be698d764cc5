//! The mistakes that are recognized, each proved by a file in `solutions/03-cgroups/wrong/late_join`.

use exercise::Mistake;

pub const TOO_LATE: Mistake = Mistake {
    id: "too-late",
    what: "The command is in the group, and the memory that it had before isn't counted there.",
    why: "It was moved after its exec. What a process has got stays with the group that it was in then, and children that it has started \
          stay there, too. A command has time to start many.",
};

pub const MAY_BE_LATE: Mistake = Mistake {
    id: "may-be-late",
    what: "When the parent goes on first after the fork, all is counted; when the child does, it isn't.",
    why: "The child doesn't wait for its parent: it may have become the command, and have had memory and children, before the parent comes to move \
          it. Mostly the parent is quicker; on a busy machine it isn't. Who is sure to be in time?",
};

pub const DIED_WITHOUT_A_WORD: Mistake = Mistake {
    id: "died-without-a-word",
    what: "There was no group; the child has ended, and the function returned its number.",
    why: "It is right that nothing runs. But to the parent the end of the pipe without a word looks the same whether the child became the command or \
          ended. A child that gives up has to say why.",
};

pub const JOINED_ITSELF: Mistake = Mistake {
    id: "joined-itself",
    what: "The command is in the group from the start, and so is the program that started it.",
    why: "A child is born in its parent's group, so that works. But now mydocker is limited as well, is killed with the container when memory is \
          short, and the group can't be removed. The child can join by itself, between fork and exec.",
};

pub const NEVER_JOINED: Mistake = Mistake {
    id: "never-joined",
    what: "The command runs, and isn't in the group.",
    why: "Which number was written, and in whose PID namespace? And was it before the fork of a process that is in the group?",
};

pub const NOT_STARTED: Mistake = Mistake {
    id: "not-started",
    what: "There is no such command, and the function returned a number.",
    why: "The number is of a process that has ended. exec fails in the child, and only the child learns of it; the pipe is there so that the parent \
          learns of it, too.",
};

pub const ZOMBIE: Mistake = Mistake {
    id: "zombie",
    what: "It is an error, as it should be; and the child that has ended is still there, as a zombie.",
    why: "A process that has ended keeps its number until its parent waits for it. Whoever gets the error has no number to wait for, so the one \
          who has it has to do that.",
};

pub const SWALLOWED_THE_ERROR: Mistake = Mistake {
    id: "swallowed-the-error",
    what: "There was no group, and the command was started all the same.",
    why: "It runs without any limit, and nobody knows. In the child there is nobody to return an error to, but there is the pipe; and a \
          child that couldn't join must not exec.",
};

pub const BARE_ERRNO: Mistake = Mistake {
    id: "bare-errno",
    what: "The error is the bare errno.",
    why: "Whoever reads it learns that something was refused, but not what. anyhow's Context adds that: call.context(\"…\")?",
};

pub const ALL: &[Mistake] = &[
    TOO_LATE,
    MAY_BE_LATE,
    JOINED_ITSELF,
    NEVER_JOINED,
    NOT_STARTED,
    DIED_WITHOUT_A_WORD,
    ZOMBIE,
    SWALLOWED_THE_ERROR,
    BARE_ERRNO,
];
