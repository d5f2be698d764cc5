//! Exercise 2.6: the mount that went elsewhere.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "2.6",
    name: "volume",
    title: "the mount that went elsewhere",
    kind: Kind::Repair,
    chapter: "02-rootfs",
    page: "02-rootfs/volumes.md",
    shown_by: "run -v ./book:/book sh -c 'ls /book'",
    hints: &[
        "What `cargo wb check 2.6` shows under \"observed\" are mount points, as the kernel lists them: where the volume went. Which targets go \
         astray, and what do they have in common? (`ls -l` in the image would show it.)",
        "A descriptor of a folder says where a lookup begins. It doesn't say where it ends: a link to /data is one to the host's /data, and .. goes \
         up from wherever it stands. To look at each component before it is used won't do either: it may be exchanged in between. The kernel \
         can be told, for one lookup, that a folder is /.",
        "openat2(2) takes a struct with flags as openat's, and with RESOLVE_… flags. nix::fcntl has openat2, OpenHow::new().flags(…).resolve(…), \
         and ResolveFlag. RESOLVE_BENEATH refuses what leads out; RESOLVE_IN_ROOT takes it as it is meant inside. Both lookups of \
         the function are made by open_in.",
    ],
    mistakes: mistakes::ALL,
};
