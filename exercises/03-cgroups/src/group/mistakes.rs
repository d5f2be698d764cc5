//! The mistakes that are recognized, each proved by a file in `solutions/03-cgroups/wrong/group`.

use exercise::Mistake;

use crate::mistakes::OTHER_VERSION;

pub const ONE_TREE: Mistake = Mistake {
    id: "one-tree",
    what: "It was done in some of the trees, and not in all.",
    why: "On v1 each controller has a tree of its own, and in each of them a process is in some group. A limit on memory binds those who are \
          in the group of the memory tree. group.folders() has all the places; on v2 it is one.",
};

pub const CREATOR_JOINED: Mistake = Mistake {
    id: "creator-joined",
    what: "The process that made the group is in it.",
    why: "create is called on the host, by mydocker itself, which then would be limited with the container, and counted; and nobody \
          could remove the group, since it would be in there. The container joins later, by itself.",
};

pub const SOMEBODY_ELSE: Mistake = Mistake {
    id: "somebody-else",
    what: "The group has a process in it, but not the one that called join.",
    why: "join is called in the child of a fork, for itself. What was written to cgroup.procs is another's number; 0 means whoever writes.",
};

pub const ONE_THREAD: Mistake = Mistake {
    id: "one-thread",
    what: "One thread of the process is in the group, and the other isn't.",
    why: "v1's file tasks takes the number of a thread, and moves that one. cgroup.procs moves the whole process, on v1 and on v2.",
};

pub const TOOK_ANOTHERS: Mistake = Mistake {
    id: "took-anothers",
    what: "There was such a group, and create returned Ok.",
    why: "It is another container's, with limits and processes of its own; two containers would share them, and the first to end would \
          remove the group under the other. create_dir_all doesn't say what was there before.",
};

pub const LEFT_BEHIND: Mistake = Mistake {
    id: "left-behind",
    what: "create failed in one tree, and what it had made in the others is still there.",
    why: "The next try would fail on that, and nobody would ever remove it: whoever gets an error believes that nothing was made. A group \
          without processes is removed by rmdir.",
};

pub const REMOVED_ANOTHERS: Mistake = Mistake {
    id: "removed-anothers",
    what: "There was such a group in one tree; create failed, and that group is gone.",
    why: "It is another container's, whose limits in that tree are gone with it. What create has to take back is what it has made itself; \
          group.folders() has all the places, those of others, too.",
};

pub const SWALLOWED_THE_ERROR: Mistake = Mistake {
    id: "swallowed-the-error",
    what: "There was no group to join, and join returned Ok.",
    why: "Somewhere the result of a write is dropped (`let _ =`, `.ok()`). The container would run without any limit. Return the error: `?` \
          does that.",
};

pub const BARE_ERRNO: Mistake = Mistake {
    id: "bare-errno",
    what: "The error is the bare errno.",
    why: "Whoever reads it learns that something was refused, but not what, nor in which tree. anyhow's Context adds that: \
          call.with_context(|| format!(\"…\"))?",
};

pub const ALL: &[Mistake] = &[
    OTHER_VERSION,
    ONE_TREE,
    CREATOR_JOINED,
    SOMEBODY_ELSE,
    ONE_THREAD,
    TOOK_ANOTHERS,
    LEFT_BEHIND,
    REMOVED_ANOTHERS,
    SWALLOWED_THE_ERROR,
    BARE_ERRNO,
];
