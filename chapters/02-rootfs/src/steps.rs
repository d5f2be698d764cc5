//! The narration's words for this chapter's steps.

use ch01_namespaces::{Lesson, Why};
use nix::errno::Errno;

const BIND: &str = "2.2 A root on a mount of its own";
const PIVOT: &str = "2.3 pivot_root";
const CHROOT: &str = "2.4 chroot, and the way out";
const MOUNTS: &str = "2.5 What every container needs";
const VOLUMES: &str = "2.6 Volumes";

/// The new root must be a mount point.
pub static BIND_ROOT: Why = Why::new("the new root must be a mount point: bind it on itself", BIND)
    .as_shell(|args| Some(format!("mount --rbind {0} {0}", args.get(3)?)))
    .teaching(&[(Errno::EINVAL, Lesson {
        cause: "the folder lies on a mount that is unbindable",
        cure: "look for it with findmnt -o TARGET,PROPAGATION, and make it private; or choose another folder",
    })]);

/// The default root: writable, and gone with the container.
pub static SCRATCH_ROOT: Why = Why::new("an empty root in memory, gone with the container", BIND)
    .as_shell(|_| Some("mount -t tmpfs tmpfs ROOT".into()));

/// What the default root is made of.
pub static BORROW: Why = Why::new("the machine-made programs, read-only", BIND)
    .as_shell(|args| Some(format!("mount --rbind -o ro {} {}", args.first()?, args.get(3)?)));

/// A file system that every container has.
pub static MOUNT: Why = Why::new("a mount that every container needs", MOUNTS)
    .as_shell(|args| Some(format!("mount -t {0} {0} ROOT{1}", args.first()?, args.get(3)?)))
    .teaching(&[(Errno::EPERM, Lesson {
        cause: "in a user namespace, /proc may be mounted only where a /proc without covered parts is in sight, /sys only \
                with a network namespace of one's own, mqueue only with an IPC namespace of one's own",
        cure: "add net or ipc to --namespaces; inside Docker, start it with --security-opt systempaths=unconfined",
    })]);

/// What can't be mounted anew is borrowed.
pub static BORROW_FROM_HOST: Why = Why::new("the host's, read-only: we may not mount our own", MOUNTS)
    .as_shell(|args| Some(format!("mount --rbind -o ro {} ROOT{}", args.first()?, args.get(3)?)));

/// A device, made.
pub static MAKE_DEVICE: Why = Why::new("a device node", MOUNTS)
    .as_shell(|args| Some(format!("mknod {} {}", args.first()?, args.get(2)?)));

/// A device, borrowed.
pub static BIND_DEVICE: Why = Why::new("the host's device: mknod is denied in a user namespace", MOUNTS)
    .as_shell(|args| Some(format!("mount --bind {} ROOT{}", args.first()?, args.get(3)?)));

/// A volume.
pub static VOLUME: Why = Why::new("a folder or file of the host's, at the place asked for", VOLUMES)
    .as_shell(|args| Some(format!("mount --rbind {} ROOT{}", args.first()?, args.get(3)?)))
    .teaching(&[
        (Errno::ENOENT, Lesson { cause: "the source is not there", cure: "make it first: mkdir -p" }),
        (Errno::EACCES, Lesson { cause: "a folder above the source may not be entered", cure: "see namei -l" }),
        (Errno::ENOTDIR, Lesson {
            cause: "a file can be bound only on a file, a folder only on a folder",
            cure: "choose a target of the source's kind",
        }),
    ]);

/// The root changes.
pub static PIVOT_ROOT: Why = Why::new("the new root becomes /, the old one lies on top of it", PIVOT)
    .as_shell(|_| Some("pivot_root . .".into()))
    .teaching(&[(Errno::EINVAL, Lesson {
        cause: "the new root is no mount point, or it or the mount above it is shared, or the machine runs from its initramfs",
        cure: "make the mount private first (mount --make-rprivate /); on an initramfs: --chroot",
    })]);

/// The old root goes.
pub static DETACH_OLD_ROOT: Why = Why::new("the old root and all below it goes out of sight, for good", PIVOT)
    .as_shell(|_| Some("umount --lazy .".into()));

/// The old way.
pub static CHROOT_INTO: Why = Why::new("the older way: the old root is hidden, not gone", CHROOT)
    .as_shell(|args| Some(format!("chroot {}", args.first()?)));

/// Read-only.
pub static READ_ONLY: Why = Why::new("from here on, the root can't be written to", VOLUMES)
    .as_shell(|_| Some("mount -o remount,bind,ro /".into()));

/// Into a folder.
pub static CHANGE_DIRECTORY: Why = Why::new("the folder that the command starts in", PIVOT)
    .as_shell(|args| Some(format!("cd {}", args.first()?)))
    .teaching(&[(Errno::ENOTDIR, Lesson { cause: "it is a file", cure: "choose a folder with -w" })]);
