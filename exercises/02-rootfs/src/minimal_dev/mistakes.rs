//! The mistakes that are recognized, each proved by a file in `solutions/02-rootfs/wrong/minimal_dev`.

use exercise::Mistake;

pub const MKNOD: Mistake = Mistake {
    id: "mknod",
    what: "The tmpfs is there, and the first device isn't: the kernel refused it.",
    why: "mknod(2) of a device asks for CAP_MKNOD over the machine, since a node is a way to any driver, a disk's too. Root of a user \
          namespace gets EPERM, always. The host's six nodes are there already: a mount can show each of them.",
};

pub const NO_PLACE: Mistake = Mistake {
    id: "no-place",
    what: "The tmpfs is there, and the first device could not be mounted: there is no such file.",
    why: "A mount needs a place that is there already: a file is mounted on a file, a folder on a folder. The tmpfs is empty. What is in the \
          file doesn't matter: it is covered.",
};

pub const THE_HOSTS: Mistake = Mistake {
    id: "the-hosts-dev",
    what: "dev is the host's /dev, with everything in it.",
    why: "Whatever the host has in there, disks and terminals of others, is now the container's to try. Begin with an empty tmpfs, and \
          show in it only what every program needs.",
};

pub const IN_THE_IMAGE: Mistake = Mistake {
    id: "in-the-image",
    what: "The devices lie in the image's own folder.",
    why: "What was made for them stays there when the container ends, what the image had there is still seen, and a read-only image \
          can't be used at all. A tmpfs on the folder covers it, and ends with the container.",
};

pub const FILES: Mistake = Mistake {
    id: "files",
    what: "The devices are plain, empty files.",
    why: "What is written to such a /dev/null stays there, and from /dev/zero nothing comes. The file is the place; on it belongs a \
          mount of the host's node.",
};

pub const OPEN_TO_ALL: Mistake = Mistake {
    id: "open-to-all",
    what: "Everybody may make files in dev.",
    why: "A tmpfs begins with mode 1777, as /tmp has it. Who isn't root in the container could put files where programs look for \
          devices. A mount option sets another mode.",
};

pub const NO_LINKS: Mistake = Mistake {
    id: "no-links",
    what: "None of the links fd, stdin, stdout and stderr is right.",
    why: "Scripts write to /dev/stderr, and the shell's <(…) needs /dev/fd. They are symbolic links to /proc/self/fd and what is in there, \
          which is everybody's own: they are never resolved while they are made.",
};

pub const THE_HOSTS_TERMINALS: Mistake = Mistake {
    id: "the-hosts-terminals",
    what: "pts is the host's: the container sees everybody's terminals.",
    why: "Each new mount of the type devpts is an instance of its own, which begins empty. Mount a new one; don't bind the host's.",
};

pub const CLOSED_PTMX: Mistake = Mistake {
    id: "closed-ptmx",
    what: "Terminals are its own, and nobody may open one.",
    why: "A devpts has its ptmx in it, and unless told otherwise with mode 0000: for decades /dev/ptmx was a device of its own, and this one \
          should not surprise anybody. ptmxmode is the option.",
};

pub const OPTIONS_OF_DEVPTS: Mistake = Mistake {
    id: "options-of-devpts",
    what: "The folder pts is there, and the kernel refused the devpts for it: EINVAL.",
    why: "An option is one that it can't take. gid=5, as in many examples, is Docker's: group 5, the host's tty, isn't mapped in this user \
          namespace, so nothing can belong to it. Leave it out. (A misspelt option gets the same answer.)",
};

pub const THE_HOSTS_PTMX: Mistake = Mistake {
    id: "the-hosts-ptmx",
    what: "ptmx is a device that was bound from the host.",
    why: "A terminal that is opened there appears in the host's pts, and not in the container's. The one that belongs to this pts lies \
          in it; ptmx is a link to it.",
};

pub const CLOSED_SHM: Mistake = Mistake {
    id: "closed-shm",
    what: "In shm only root may make files.",
    why: "shm_open(3) makes a file there, for whichever user a program runs as. It needs the mode of /tmp: everybody may write, and only \
          the owner remove (1777).",
};

pub const SWALLOWED_THE_ERROR: Mistake = Mistake {
    id: "swallowed-the-error",
    what: "The root is no folder, and the function returned Ok.",
    why: "Somewhere the result of a call is dropped (`let _ =`, `.ok()`). A container without /dev/null fails much later, and nobody \
          sees why. Return the error: `?` does that.",
};

pub const BARE_ERRNO: Mistake = Mistake {
    id: "bare-errno",
    what: "The error is the bare errno.",
    why: "\"Not a directory\" could be any of a dozen paths. Say which: .with_context(|| format!(\"making {}\", path.display()))?",
};

pub const ALL: &[Mistake] = &[
    MKNOD,
    NO_PLACE,
    THE_HOSTS,
    IN_THE_IMAGE,
    FILES,
    OPEN_TO_ALL,
    NO_LINKS,
    THE_HOSTS_TERMINALS,
    CLOSED_PTMX,
    OPTIONS_OF_DEVPTS,
    THE_HOSTS_PTMX,
    CLOSED_SHM,
    SWALLOWED_THE_ERROR,
    BARE_ERRNO,
];
