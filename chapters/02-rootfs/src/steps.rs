//! The narration's words for this chapter's steps.

use ch01_namespaces::{Lesson, Why};
use nix::errno::Errno;

const ROOT: &str = "2.2 A new root";
const PIVOT: &str = "2.4 pivot_root";
const MOUNTS: &str = "2.5 Mounts";
const CHROOT: &str = "2.3 chroot";
const VOLUMES: &str = "2.6 Volumes";

/// The new root must be a mount point.
pub static BIND_ROOT: Why = Why::new("the new root must be a mount: bind it on itself", ROOT)
    .as_shell(|args| Some(format!("mount --rbind {0} {0}", target(args)?)))
    .teaching(&[(
        Errno::EINVAL,
        Lesson {
            cause: "the directory lies on a mount that is unbindable",
            cure: "see findmnt -o TARGET,PROPAGATION, and choose another directory",
        },
    )]);

/// The default root: writable, and gone with the container.
pub static SCRATCH_ROOT: Why = Why::new("an empty root in memory, gone with the container", ROOT)
    .as_shell(|args| Some(format!("mount -t tmpfs tmpfs {}", target(args)?)));

/// What the default root is made of.
pub static BORROW: Why = Why::new("this machine's own programs, copied once, read-only", ROOT)
    .as_shell(|args| Some(format!("mount --rbind -o ro {} ROOT{}", args.first()?, target(args)?)));

/// A file system that every container has.
pub static MOUNT: Why = Why::new("a mount that every container needs", MOUNTS)
    .as_shell(|args| Some(format!("mount -t {0} {0} ROOT{1}", args.first()?, target(args)?)))
    .teaching(&[(Errno::EPERM, Lesson {
        cause: "in a user namespace the kernel mounts a new /proc or /sys only where one without covered parts is in \
                sight; Docker and Podman cover parts of theirs",
        cure: "inside Docker, start it with --security-opt systempaths=unconfined",
    })]);

/// What can't be mounted anew is borrowed.
pub static BORROW_FROM_HOST: Why = Why::new("the host's mount, because this namespace is the host's", MOUNTS)
    .as_shell(|args| Some(format!("mount --rbind {} ROOT{}", args.first()?, target(args)?)));

/// A device, made.
pub static MAKE_DEVICE: Why = Why::new("a device node", MOUNTS)
    .as_shell(|args| Some(format!("mknod -m 666 ROOT/dev/{} c {}", args.first()?, args.get(2)?)));

/// A device, borrowed.
pub static BIND_DEVICE: Why = Why::new("the host's device: a user namespace can't make one", MOUNTS)
    .as_shell(|args| Some(format!("mount --bind {} ROOT{}", args.first()?, target(args)?)));

/// A volume.
pub static VOLUME: Why = Why::new("mounts a volume at its target", VOLUMES)
    .as_shell(|args| Some(format!("mount --rbind {} ROOT{}", args.first()?, target(args)?)))
    .teaching(&[
        (Errno::ENOENT, Lesson { cause: "the source is not there", cure: "make it first: mkdir -p" }),
        (Errno::EACCES, Lesson { cause: "a directory above the source may not be entered", cure: "see namei -l" }),
        (
            Errno::EINVAL,
            Lesson {
                cause: "the source lies on a mount that is unbindable",
                cure: "see findmnt -o TARGET,PROPAGATION, and choose another source",
            },
        ),
    ]);

/// A tmpfs that was asked for.
pub static MEMORY: Why = Why::new("an empty file system in memory", VOLUMES)
    .as_shell(|args| Some(format!("mount -t tmpfs tmpfs ROOT{}", target(args)?)));

/// Where the root is changed from.
pub static ENTER_NEW_ROOT: Why =
    Why::new("enters the new root: from here, it is .", PIVOT).as_shell(|args| Some(format!("cd {}", args.first()?)));

/// The root changes.
pub static PIVOT_ROOT: Why = Why::new("the new root becomes /, the old one lies on top of it", PIVOT)
    .as_shell(|_| Some("pivot_root . .".into()))
    .teaching(&[(Errno::EINVAL, Lesson {
        cause: "the new root is no mount, or it or the mount above it is shared, or this machine runs from its initramfs",
        cure: "mount --make-rprivate / first; on an initramfs, --chroot",
    })]);

/// The old root goes.
pub static DETACH_OLD_ROOT: Why =
    Why::new("the old root, and all below it, goes for good", PIVOT).as_shell(|_| Some("umount --lazy .".into()));

/// Out of a place that is no more.
pub static LEAVE_OLD_ROOT: Why =
    Why::new("the working directory is inside as well", PIVOT).as_shell(|args| Some(format!("cd {}", args.first()?)));

/// The older way.
pub static CHROOT_INTO: Why = Why::new("the older way: the old root is hidden, not gone", CHROOT)
    .as_shell(|args| Some(format!("chroot {}", args.first()?)));

/// Read-only.
pub static READ_ONLY: Why = Why::new("from here on, the root can't be written to", VOLUMES)
    .as_shell(|_| Some("mount -o remount,bind,ro /".into()));

/// Into a directory.
pub static CHANGE_DIRECTORY: Why = Why::new("the directory that the command starts in", VOLUMES)
    .as_shell(|args| Some(format!("cd {}", args.first()?)));

/// The place of a move_mount(2), which is the step that a mount(8) does: fsmount(2) only makes the
/// mount.
fn target(args: &[String]) -> Option<&String> {
    args.get(3).filter(|target| target.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn move_mount(what: &str, place: &str) -> Vec<String> {
        [what, "\"\"", "root", place].map(String::from).to_vec()
    }

    #[test]
    fn only_the_step_that_attaches_a_mount_has_a_shell_command() {
        assert_eq!(MOUNT.shell(&move_mount("proc", "/proc")).unwrap(), "mount -t proc proc ROOT/proc");
        assert_eq!(MOUNT.shell(&["proc".into(), "MOUNT_ATTR_NOEXEC".into()]), None);
        assert_eq!(VOLUME.shell(&move_mount("/srv", "/data")).unwrap(), "mount --rbind /srv ROOT/data");
        assert_eq!(BIND_ROOT.shell(&move_mount("/box", "/box")).unwrap(), "mount --rbind /box /box");
    }

    #[test]
    fn purposes_fit_the_narration() {
        for why in
            [&BIND_ROOT, &SCRATCH_ROOT, &BORROW, &MOUNT, &BORROW_FROM_HOST, &BIND_DEVICE, &PIVOT_ROOT, &CHROOT_INTO]
        {
            assert!(why.what_for.len() <= 60, "{}", why.what_for);
        }
    }
}
