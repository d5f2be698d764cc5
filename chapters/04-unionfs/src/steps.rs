//! The narration's words for this chapter.

use ch01_namespaces::{Lesson, Why};
use nix::errno::Errno;

const UNION: &str = "4.2 The union: overlayfs";

/// Layers are named relative to their store.
pub static GO_TO_LAYERS: Why = Why::new("enters the directory with the layers' short names", UNION)
    .as_shell(|args| Some(format!("cd {}", args.first()?)));

/// The overlay.
pub static UNITE: Why = Why::new("the image's layers and the container's, as one", UNION)
    .as_shell(|args| match args {
        [_, target, options] => Some(format!("mount -t overlay overlay -o {options} {target}")),
        _ => None,
    })
    .teaching(&[
        (Errno::EINVAL, Lesson {
            cause: "this file system can't hold an upper layer: it is overlayfs or NFS, or has no extended attributes",
            cure: "put the data on ext4, xfs, btrfs or tmpfs (XDG_DATA_HOME, or --root); or --storage-driver vfs",
        }),
        (Errno::EPERM, Lesson {
            cause: "an ordinary user mounts overlayfs only in a user namespace, on Linux 5.11 or later",
            cure: "don't use --namespaces; or --storage-driver vfs",
        }),
        (Errno::ENODEV, Lesson {
            cause: "this kernel has no overlayfs, and could not load a module for it",
            cure: "as root: modprobe overlay; or --storage-driver vfs",
        }),
    ]);
