//! The mistakes that are recognized, each proved by a file in `solutions/02-rootfs/wrong/volume`.

use exercise::Mistake;

pub const FOLLOWS_LINKS: Mistake = Mistake {
    id: "follows-links",
    what: "Where the image has a link, the volume goes to a folder of the host's.",
    why: "The kernel follows links as they are meant outside: an absolute one begins at the process's root, which still is the host's, and .. goes \
          up past the image. Where the lookup began, at a path or at a descriptor, makes no difference to a link on its way. To this \
          lookup the image has to be /.",
};

pub const ONLY_THE_LAST: Mistake = Mistake {
    id: "only-the-last",
    what: "A link at the end of the path is harmless now; one in the middle still leads out.",
    why: "Every component may be a link, and O_NOFOLLOW, or a look at the whole path, is about the last one only. (And who looks first and opens \
          then, opens something else if it was exchanged in between: CVE-2021-30465.)",
};

pub const DOTS_LEAD_OUT: Mistake = Mistake {
    id: "dots-lead-out",
    what: "Links are harmless now; `..` in the target itself leads out.",
    why: "A target is a stranger's word, too. At / there is nothing above, and so `..` has to end at the image's root.",
};

pub const MADE_OUTSIDE: Mistake = Mistake {
    id: "made-outside",
    what: "No mount went astray, but a folder was made on the host, outside of the image.",
    why: "What is missing is made by a path, and on that path is a link. The folder in which it is made has to be looked up in the image \
          as well (mkdirat takes it as a descriptor).",
};

pub const REFUSES_LINKS: Mistake = Mistake {
    id: "refuses-links",
    what: "Nothing leads out any more, and a target with a link in it is refused.",
    why: "Many images have /var/run as a link to /run: absolute, and harmless, if it is taken as the container takes it, for which the image's \
          root is /. openat2(2) has a flag that refuses, and one that does this.",
};

pub const NEVER_MADE: Mistake = Mistake {
    id: "never-made",
    what: "A target that is missing isn't made any more.",
    why: "`-v /data:/data` should work with an image that has never heard of /data: a last component that is missing is made, as a \
          folder, in the image.",
};

pub const INHERITED: Mistake = Mistake {
    id: "inherited",
    what: "The volume goes where it should, and whoever is started next inherits the open descriptor.",
    why: "An open folder is a way to it and, by .., to all that is above: CVE-2024-21626 was such a one. O_CLOEXEC closes it when this process \
          becomes the command.",
};

pub const SWALLOWED_THE_ERROR: Mistake = Mistake {
    id: "swallowed-the-error",
    what: "A target below a file can't be, and the function returned Ok.",
    why: "What it returned is something else, and the volume is mounted there. Return the error: `?` does that.",
};

pub const BARE_ERRNO: Mistake = Mistake {
    id: "bare-errno",
    what: "The error is the bare errno.",
    why: "\"Not a directory\" is no help to whoever typed three volumes. Say which target it was: .with_context(|| format!(…))?",
};

pub const ALL: &[Mistake] = &[
    FOLLOWS_LINKS,
    ONLY_THE_LAST,
    DOTS_LEAD_OUT,
    MADE_OUTSIDE,
    REFUSES_LINKS,
    NEVER_MADE,
    INHERITED,
    SWALLOWED_THE_ERROR,
    BARE_ERRNO,
];
