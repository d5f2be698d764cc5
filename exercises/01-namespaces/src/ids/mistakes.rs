//! The mistakes that are recognized, each proved by a file in `solutions/01-namespaces/wrong/ids`.

use exercise::Mistake;

pub const NO_NAMESPACE: Mistake = Mistake {
    id: "no-namespace",
    what: "The process is in the user namespace that it was in before.",
    why: "One becomes root by being in another user namespace, not by another call. A user namespace belongs to a process: one that \
          a child (or a command like `unshare`) moved to is of no use to its parent.",
};

pub const SETGROUPS_ALLOWED: Mistake = Mistake {
    id: "setgroups-allowed",
    what: "The user is mapped; but when it came to the group, nobody had denied setgroups.",
    why: "Dropping a group can open a file that denies that group. So the kernel lets an ordinary user map groups only in a \
          namespace where nobody can drop one: \"deny\" has to be in /proc/self/setgroups before gid_map is written. (In the lab that \
          may be inherited, so that the kernel lets it pass; on the machine it says EPERM.)",
};

pub const READ_TOO_LATE: Mistake = Mistake {
    id: "read-too-late",
    what: "The kernel refused the map; for a user whose id is 65534 it would have been right.",
    why: "65534 is what every id reads as in a namespace without maps. So the ids were asked for after the process had moved. \
          There is one moment where the answer is wrong.",
};

pub const ALWAYS_THE_SAME_ID: Mistake = Mistake {
    id: "always-the-same-id",
    what: "The kernel refused the map; for a user whose id is 1000 it would have been right.",
    why: "An ordinary user may map their own id only, and not everybody is 1000 (here the check chose another). Ask who the \
          caller is.",
};

pub const MALFORMED: Mistake = Mistake {
    id: "malformed",
    what: "The kernel couldn't read the map: EINVAL.",
    why: "A map file takes whole lines of three numbers (inside, outside, how many), all of them in one write(2). write! to a \
          file makes one write(2) for each piece of the text: make the text first, then write it.",
};

pub const UNMAPPED: Mistake = Mistake {
    id: "unmapped",
    what: "There is a user namespace, and no user in it.",
    why: "A new one has no ids at all: everybody reads as 65534, \"nobody\". Who is who is said by /proc/self/uid_map and \
          gid_map.",
};

pub const GROUP_UNMAPPED: Mistake = Mistake {
    id: "group-unmapped",
    what: "The user is root, and the group is nobody's.",
    why: "Groups have a map of their own, /proc/self/gid_map, which the kernel guards more closely than the users': see \
          user_namespaces(7) on setgroups.",
};

pub const MAPPED_TO_ITSELF: Mistake = Mistake {
    id: "mapped-to-itself",
    what: "Inside, the user has the id that it has outside.",
    why: "The first number of a map's line is the id inside, and root's is 0.",
};

pub const SWALLOWED_THE_ERROR: Mistake = Mistake {
    id: "swallowed-the-error",
    what: "The kernel refused a user namespace, and the function returned Ok.",
    why: "Somewhere the result of a call is dropped (`let _ =`, `.ok()`). Its caller believes now that it is root. Return the \
          error: `?` does that.",
};

pub const BARE_ERRNO: Mistake = Mistake {
    id: "bare-errno",
    what: "The error is the bare errno.",
    why: "Four steps can be refused here, three of them with EPERM. Say which it was: call.context(\"what was being done\")?",
};

pub const ALL: &[Mistake] = &[
    NO_NAMESPACE,
    SETGROUPS_ALLOWED,
    READ_TOO_LATE,
    ALWAYS_THE_SAME_ID,
    MALFORMED,
    UNMAPPED,
    GROUP_UNMAPPED,
    MAPPED_TO_ITSELF,
    SWALLOWED_THE_ERROR,
    BARE_ERRNO,
];
