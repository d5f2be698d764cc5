//! The mistakes that are recognized, each proved by a file in `solutions/03-cgroups/wrong/fork_bomb`.

use exercise::Mistake;

pub const THEY_END: Mistake = Mistake {
    id: "they-end",
    what: "Processes were started, and none of them is there any more.",
    why: "What has ended, and was waited for, doesn't count: it makes room for the next, and one could go on like that for ever. A bomb's \
          processes stay.",
};

pub const COUNTED: Mistake = Mistake {
    id: "counted",
    what: "Some processes were started, and then no more, before the limit.",
    why: "A bomb doesn't know the limit, and goes on until the kernel refuses. Only a refusal shows that there is one.",
};

pub const REFUSAL_IS_THE_AIM: Mistake = Mistake {
    id: "refusal-is-the-aim",
    what: "The kernel refused a process, and the function returned that as an error.",
    why: "This time the refusal is what one is after: EAGAIN says that the limit holds. (Any other error would be one.)",
};

pub const CLEANED_UP: Mistake = Mistake {
    id: "cleaned-up",
    what: "The limit was hit, and then the processes went away.",
    why: "A bomb takes what there is, and keeps it. What the others in the group then can do, can only be seen while it is full.",
};

pub const ZOMBIES: Mistake = Mistake {
    id: "zombies",
    what: "The limit was hit, by processes that have ended.",
    why: "What has ended counts until somebody waits for it, so that is a way to fill a group. But the kernel takes all of them back as soon as \
          their parent waits, or ends. A bomb's processes live: what could they do that needs no time and never ends?",
};

pub const CHILDREN_COME_BACK: Mistake = Mistake {
    id: "children-come-back",
    what: "The function has returned in its children, too.",
    why: "After a fork there are two who go on from there, in the same loop and then in whatever comes after the function: the whole program, once \
          more in each of them. fork's result says who is the child.",
};

pub const ANY_ERROR: Mistake = Mistake {
    id: "any-error",
    what: "A process was refused for another reason than the limit, and the function said Ok.",
    why: "Here it was ENOMEM: the PID namespace that the children would have been in was dead. Then nobody knows yet whether the limit holds. The error \
          has the kernel's errno in it.",
};

pub const ALL: &[Mistake] =
    &[THEY_END, COUNTED, REFUSAL_IS_THE_AIM, CLEANED_UP, ZOMBIES, CHILDREN_COME_BACK, ANY_ERROR];
