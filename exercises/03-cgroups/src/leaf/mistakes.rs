//! The mistakes that are recognized, each proved by a file in `solutions/03-cgroups/wrong/leaf`.

use exercise::Mistake;

use crate::mistakes::OTHER_VERSION;

pub const STILL_BUSY: Mistake = Mistake {
    id: "still-busy",
    what: "The parent has processes, and the kernel refuses to give its children controllers.",
    why: "On v2 processes are in the leaves of the tree: whoever has children with controllers has no processes of their own, since nobody could \
          say how the two should share. The processes have to move to a group below, first.",
};

pub const BESIDE: Mistake = Mistake {
    id: "beside",
    what: "There is room, and the processes are in a group beside the parent.",
    why: "There they are out of the parent's limits, and out of what was handed over: an ordinary user may move nobody there. A group \
          below the parent is as good, and stays within.",
};

pub const ONLY_ITSELF: Mistake = Mistake {
    id: "only-itself",
    what: "The program has moved itself, and the other process is still in the parent.",
    why: "The shell that mydocker was started from is in the same group, perhaps, and so are its other children. All that cgroup.procs lists have to \
          move, each by a write of its own.",
};

pub const NEVER_GIVEN: Mistake = Mistake {
    id: "never-given",
    what: "There is room now, and no controller is given.",
    why: "A child has a controller when its parent gives it: +NAME, written to the parent's cgroup.subtree_control. A new group has nothing there.",
};

pub const ONCE: Mistake = Mistake {
    id: "once",
    what: "The first time it works, and the second time it is an error.",
    why: "The next container comes to the same parent: the group for its processes is there already, the parent is empty, and the \
          controllers are given. All of that is as it should be.",
};

pub const ALL_OR_NOTHING: Mistake = Mistake {
    id: "all-or-nothing",
    what: "A controller that this tree hasn't got was taken for an error.",
    why: "On a hybrid machine each controller is in one of the trees, and what is missing here is in a v1 tree. cgroup.controllers lists \
          those that can be given.",
};

pub const ENDED: Mistake = Mistake {
    id: "ended",
    what: "A process was in the list, ended before it was its turn to be moved, and that was taken for an error.",
    why: "The list is of a moment, and processes end whenever they like. Who isn't there any more needn't move. Which errno says so? Other errors \
          are errors still.",
};

pub const TOUCHES_V1: Mistake = Mistake {
    id: "touches-v1",
    what: "The parent was one of a v1 tree, and something was done to it, or it was an error.",
    why: "On v1 each group has its tree's controller, and a group with children may have processes. There is no cgroup.subtree_control there: that \
          is how v1 can be told.",
};

pub const SWALLOWED_THE_ERROR: Mistake = Mistake {
    id: "swallowed-the-error",
    what: "The parent isn't there, and the function returned Ok.",
    why: "Either the result of a call is dropped (`let _ =`, `.ok()`), or a group that isn't there is taken for one of v1: neither has a file \
          cgroup.subtree_control, but one of them has a folder.",
};

pub const BARE_ERRNO: Mistake = Mistake {
    id: "bare-errno",
    what: "The error is the bare errno.",
    why: "Whoever reads it learns that something was refused, but not what. anyhow's Context adds that: call.context(\"…\")?",
};

pub const ALL: &[Mistake] = &[
    OTHER_VERSION,
    BESIDE,
    STILL_BUSY,
    ONLY_ITSELF,
    NEVER_GIVEN,
    ONCE,
    ALL_OR_NOTHING,
    ENDED,
    TOUCHES_V1,
    SWALLOWED_THE_ERROR,
    BARE_ERRNO,
];
