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

pub const ALL: &[Mistake] = &[THEY_END, COUNTED, REFUSAL_IS_THE_AIM, CLEANED_UP];
