//! The mistakes that are recognized, each proved by a file in `solutions/01-namespaces/wrong/isolation`.

use exercise::Mistake;

pub const LOST_ON_THE_WAY: Mistake = Mistake {
    id: "lost-on-the-way",
    what: "Every kind is made but one: the children's clocks are the machine's.",
    why: "The kernel did what it was asked for, and said so. So the flag never reached it. Follow its number through the function, \
          line by line: where could a bit get lost?",
};

pub const REFUSES_WHAT_EXISTS: Mistake = Mistake {
    id: "refuses-what-exists",
    what: "All eight kinds were asked for, and the function returned an error.",
    why: "This kernel has them all, and nothing was made. If the error is about a name, a row of the table is missing. If it is about flags, \
          they were held against a list that is shorter than the kernel's: a flag that nix has no name for (that is what \
          CloneFlags::from_bits looks for) isn't a wrong one.",
};

pub const NOTHING_CHANGED: Mistake = Mistake {
    id: "nothing-changed",
    what: "The function returned Ok, and nothing is new.",
    why: "unshare(2) without a flag does nothing, and succeeds; and what a child or another thread does is theirs alone.",
};

pub const ONLY_ONE: Mistake = Mistake {
    id: "only-one",
    what: "Of all kinds that were asked for, one is made.",
    why: "Flags are bits that are put together by |: with = each one takes the place of the one before.",
};

pub const ALWAYS_THE_SAME: Mistake = Mistake {
    id: "always-the-same",
    what: "Whatever is asked for, the same kinds are made.",
    why: "It was run several times, with different kinds. The function's argument says which; a container may well want to share the \
          host's network, say.",
};

pub const IGNORES_UNKNOWN: Mistake = Mistake {
    id: "ignores-unknown",
    what: "A kind that doesn't exist was asked for, and the function returned Ok.",
    why: "Whoever misspells a kind believes that the container is isolated. What can't be done has to be an error.",
};

pub const HALF_DONE: Mistake = Mistake {
    id: "half-done",
    what: "A kind that doesn't exist is an error, but another one was made before that was noticed.",
    why: "Its caller is told that it failed, and has left a namespace all the same. Look at all names first; then one unshare, with all \
          flags.",
};

pub const ALL: &[Mistake] =
    &[LOST_ON_THE_WAY, REFUSES_WHAT_EXISTS, NOTHING_CHANGED, ONLY_ONE, ALWAYS_THE_SAME, IGNORES_UNKNOWN, HALF_DONE];
