//! The mistakes that are recognized, each proved by a file in `solutions/02-rootfs/wrong/pivot`.

use exercise::Mistake;

pub const CHROOT: Mistake = Mistake {
    id: "chroot",
    what: "This process has another /, and the mount namespace has the old one.",
    why: "That is what chroot(2) does: it moves one pointer of one process. The host's files are still in the mount table, and root \
          walks back to them; you will, in exercise 2.4. Here the table itself has to change.",
};

pub const NOT_A_MOUNT: Mistake = Mistake {
    id: "not-a-mount",
    what: "It works where the new root is a mount, and is refused where it is a mere folder.",
    why: "pivot_root(2) exchanges mounts, which are lines of the mount table; a folder in the middle of a file system has none: EINVAL. \
          Bound on itself, it is a mount, at the same place and with the same files.",
};

pub const WENT_IN_FIRST: Mistake = Mistake {
    id: "went-in-first",
    what: "You stand in the folder below the mount: you went in before it was bound.",
    why: "A mount covers the folder that it is made on. Whoever stands in there already stays below it, and to them \".\" is the mere folder \
          that it was: pivot_root(2) says EINVAL. Bind it first, and go in afterwards.",
};

pub const OLD_ROOT_STAYS: Mistake = Mistake {
    id: "old-root-stays",
    what: "The roots have changed places, and the old one is still in the mount table, with all its files.",
    why: "pivot_root(2) attaches it somewhere below the new root, or on top of it (there `cd ..` leads to it). It has to be unmounted, \
          together with what is mounted below it.",
};

pub const NOT_LAZILY: Mistake = Mistake {
    id: "not-lazily",
    what: "The roots have changed places, and the old one could not be unmounted.",
    why: "Something of it is always in use: an open file, another mount below it. umount2(2) has a flag that takes it out of the table at \
          once, and frees it when its last user has gone.",
};

pub const LEFT_BEHIND: Mistake = Mistake {
    id: "left-behind",
    what: "What was mounted below the folder stayed behind: its place is an empty folder in the new root.",
    why: "A bind mount shows the one mount that the folder is on. With a flag it takes along those below it. In `run`, /proc and \
          the volumes are mounted there already.",
};

pub const FOOT_OUTSIDE: Mistake = Mistake {
    id: "foot-outside",
    what: "The process's root is the new one, and its working directory is still in the old one.",
    why: "The kernel moves the working directory along only if it was at the old root itself. A path that doesn't begin with / still \
          begins outside, whatever has been unmounted.",
};

pub const LEFT_A_FOLDER: Mistake = Mistake {
    id: "left-a-folder",
    what: "The folder that was made for the old root is still in the new one.",
    why: "The image isn't yours to write in, and may be read-only. Remove the folder; or do without one, as pivot_root(2) describes \
          under \"pivot_root(\".\", \".\")\".",
};

pub const NOTHING_CHANGED: Mistake = Mistake {
    id: "nothing-changed",
    what: "The function returned Ok, and the process has the root that it had.",
    why: "If a child process, or a command, has made the calls, the change may have been theirs alone; and a result that is dropped hides \
          what the kernel refused.",
};

pub const SWALLOWED_THE_ERROR: Mistake = Mistake {
    id: "swallowed-the-error",
    what: "The new root isn't there, and the function returned Ok.",
    why: "Its caller starts a stranger's command now, and the files it finds are the host's. Return the error: `?` does that.",
};

pub const BARE_ERRNO: Mistake = Mistake {
    id: "bare-errno",
    what: "The error is the bare errno.",
    why: "Four calls could have said so, and EINVAL alone has six reasons. anyhow's Context adds which call it was: \
          call.context(\"what was being done\")?",
};

pub const ALL: &[Mistake] = &[
    CHROOT,
    NOT_A_MOUNT,
    WENT_IN_FIRST,
    OLD_ROOT_STAYS,
    NOT_LAZILY,
    LEFT_BEHIND,
    FOOT_OUTSIDE,
    LEFT_A_FOLDER,
    NOTHING_CHANGED,
    SWALLOWED_THE_ERROR,
    BARE_ERRNO,
];
