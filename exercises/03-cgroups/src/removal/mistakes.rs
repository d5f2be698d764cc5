//! The mistakes that are recognized, each proved by a file in `solutions/03-cgroups/wrong/removal`.

use exercise::Mistake;

pub const UNLINKS: Mistake = Mistake {
    id: "unlinks",
    what: "Not even a group without anything in it could be removed.",
    why: "The files in it can't be unlinked, by nobody (EPERM), and needn't be: rmdir takes a group with its files. remove_dir_all, and rm -r, \
          unlink first.",
};

pub const ONE_TREE: Mistake = Mistake {
    id: "one-tree",
    what: "The function returned Ok, and a group is left.",
    why: "On v1 each controller has a tree of its own, with a group in each; group.folders() has them all.",
};

pub const PARENT_FIRST: Mistake = Mistake {
    id: "parent-first",
    what: "Groups that were made in the group keep it from being removed.",
    why: "A container may make groups of its own below its group (systemd in a container does). rmdir says EBUSY while there are any: they have to \
          be removed first, the deepest first of all.",
};

pub const ONE_TRY: Mistake = Mistake {
    id: "one-try",
    what: "A process that was about to end kept the group from being removed.",
    why: "When the first process of a container ends, the kernel kills the others; but for a moment they are in the group, and rmdir says EBUSY. \
          So: try again, for a while.",
};

pub const WAITS_FOR_EVER: Mistake = Mistake {
    id: "waits-for-ever",
    what: "With a process in the group that lives on, the function doesn't return.",
    why: "Not every process in a group is about to end: somebody may have moved one in. Whoever waits should know how long, and then say what \
          keeps the group busy.",
};

pub const KILLS: Mistake = Mistake {
    id: "kills",
    what: "The process in the group was killed.",
    why: "remove is called when the container has ended, and its processes with it. Who is in the group then came from elsewhere; its \
          end is for whoever put it there.",
};

pub const GONE_IS_NO_ERROR: Mistake = Mistake {
    id: "gone-is-no-error",
    what: "One of the groups was gone already, and that was taken for an error.",
    why: "It is as it should be then: somebody else was quicker. The others have to be removed all the same.",
};

pub const SWALLOWED_THE_ERROR: Mistake = Mistake {
    id: "swallowed-the-error",
    what: "A group couldn't be removed, and the function returned Ok.",
    why: "Somewhere the result of a call is dropped (`let _ =`, `.ok()`). The group stays, and the next container of that name can't have it. \
          Return the error: `?` does that.",
};

pub const BARE_ERRNO: Mistake = Mistake {
    id: "bare-errno",
    what: "The error is the bare errno.",
    why: "Whoever reads \"Device or resource busy\" wants to know which group it is. anyhow's Context adds that: \
          call.with_context(|| format!(\"…\"))?",
};

pub const ALL: &[Mistake] = &[
    UNLINKS,
    ONE_TREE,
    PARENT_FIRST,
    ONE_TRY,
    WAITS_FOR_EVER,
    KILLS,
    GONE_IS_NO_ERROR,
    SWALLOWED_THE_ERROR,
    BARE_ERRNO,
];
