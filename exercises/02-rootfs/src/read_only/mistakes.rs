//! The mistakes that are recognized, each proved by a file in `solutions/02-rootfs/wrong/read_only`.

use exercise::Mistake;

pub const FLAG_IGNORED: Mistake = Mistake {
    id: "flag-ignored",
    what: "The mount is there, and it can be written to.",
    why: "In the call that makes a bind mount the kernel looks at MS_BIND and MS_REC, and ignores every other flag, MS_RDONLY too, without \
          an error. The mount gets the flags of its source; to change them takes another call.",
};

pub const ONLY_THE_TOP: Mistake = Mistake {
    id: "only-the-top",
    what: "The mount itself is read-only, and what is mounted below it can be written to.",
    why: "Read-only is a flag of one mount, and each mount of the tree has its own. Docker had it so until version 25, and surprised \
          people. There is a call for the whole tree; or each of them, as /proc/self/mountinfo lists them.",
};

pub const NOT_BELOW: Mistake = Mistake {
    id: "not-below",
    what: "What is mounted below the source isn't shown at the target.",
    why: "A bind mount shows the one mount that the source is on. Where something is mounted below, one sees the folder that it covers. \
          (In a user namespace the kernel refuses that, EINVAL: what is covered may be meant to be.) A flag takes along all of them.",
};

pub const FLAGS_LOST: Mistake = Mistake {
    id: "flags-lost",
    what: "A mount that had flags of its own, nosuid, nodev, noexec, loses them.",
    why: "A remount sets all flags anew: one that isn't repeated is taken away. Where the kernel has locked it, as everything that a user \
          namespace got from outside, that is EPERM; and where not, a set-user-ID program in the volume works again. mount_setattr(2) adds \
          one flag, and leaves the others.",
};

pub const THE_SOURCE_TOO: Mistake = Mistake {
    id: "the-source-too",
    what: "The target is read-only, and so is the source.",
    why: "The flag is of the file system as a whole now, or of the mount at the source. MS_REMOUNT without MS_BIND means the file \
          system, and whoever else uses it. Here it shall be one mount's: the one at the target.",
};

pub const ON_THE_SOURCE: Mistake = Mistake {
    id: "on-the-source",
    what: "It was tried on the source: refused where that is a mere folder or file, and where it is a mount, the source is read-only now.",
    why: "mount_setattr(2) changes a mount, and gives EINVAL for a path that is none. The mount that you have made is at the target; and the \
          source shall stay as it was.",
};

pub const NOT_SHOWN: Mistake = Mistake {
    id: "nothing-changed",
    what: "The function returned Ok, and nothing is mounted at the target.",
    why: "A result that is dropped hides what the kernel refused; and what a child process mounts in a mount namespace of its own is seen \
          there only.",
};

pub const SWALLOWED_THE_ERROR: Mistake = Mistake {
    id: "swallowed-the-error",
    what: "The source isn't there, and the function returned Ok.",
    why: "The container starts with an empty folder where its data should be. Return the error: `?` does that.",
};

pub const BARE_ERRNO: Mistake = Mistake {
    id: "bare-errno",
    what: "The error is the bare errno.",
    why: "\"No such file or directory\" could be the source or the target. Say which call it was, and on which paths: \
          .with_context(|| format!(…))?",
};

pub const ALL: &[Mistake] = &[
    FLAG_IGNORED,
    ONLY_THE_TOP,
    NOT_BELOW,
    FLAGS_LOST,
    THE_SOURCE_TOO,
    ON_THE_SOURCE,
    NOT_SHOWN,
    SWALLOWED_THE_ERROR,
    BARE_ERRNO,
];
