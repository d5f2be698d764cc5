//! What of /proc and /sys is covered, or read-only: parts that show or change the machine, and know
//! no namespaces.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use ch01_namespaces::{Handover, Inside, Mechanism, Stage};
use ch02_rootfs::rooted::{Kind, Root, kind_of};
use ch02_rootfs::sys::{attach, attr, copy_tree, new_mount, open_in_root, set_attributes};
use nix::errno::Errno;
use nix::sys::stat::{fstat, major, minor};
use nix::sys::statfs::{PROC_SUPER_MAGIC, SYSFS_MAGIC, fstatfs};

use crate::steps;

/// Docker's list of what is covered.
pub const MASKED: [&str; 13] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
    "/sys/devices/system/cpu/cpu0/thermal_throttle",
];

/// And of what may be read only.
pub const READ_ONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

// ANCHOR: masks
/// Masks files with /dev/null, and directories with an empty, read-only file system.
///
/// All mounts use descriptors that were opened and checked. A root file system in which /dev/null
/// is a link, or /proc is replaced, could otherwise redirect them (CVE-2025-31133, -52881).
#[derive(Debug, Clone, Default)]
pub struct Masks;

impl Mechanism for Masks {
    fn name(&self) -> &'static str {
        "masks"
    }

    fn stage(&self) -> Stage {
        Stage::Cover
    }

    fn enter(&self, _: Handover, _: &mut Inside) -> Result<()> {
        let root = Root::open(Path::new("/"))?;
        for path in READ_ONLY {
            protect(&root, Path::new(path)).with_context(|| format!("cannot make {path} read-only"))?;
        }
        for path in MASKED {
            mask(&root, Path::new(path)).with_context(|| format!("cannot cover {path}"))?;
        }
        Ok(())
    }
}
// ANCHOR_END: masks

/// The place, if there is one on a file system of the kernel's.
fn find(root: &Root, path: &Path) -> Result<Option<OwnedFd>> {
    match open_in_root(root.as_fd(), path, false) {
        Ok(found) => {
            let kind = fstatfs(&found).context("fstatfs")?.filesystem_type();
            // Without a /proc or /sys of its own there is nothing to cover.
            Ok((kind == PROC_SUPER_MAGIC || kind == SYSFS_MAGIC).then_some(found))
        }
        Err(Errno::ENOENT | Errno::ELOOP | Errno::ENOTDIR | Errno::EACCES) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

fn mask(root: &Root, path: &Path) -> Result<()> {
    let Some(place) = find(root, path)? else { return Ok(()) };
    let cover = match kind_of(place.as_fd())? {
        Kind::Directory => new_mount(&steps::MASK, "tmpfs", &[("size".into(), "0".into())], attr::READ_ONLY)?,
        Kind::File => null(root)?,
    };
    attach(&steps::MASK, "cover", cover.as_fd(), place.as_fd(), path)
}

/// The container's /dev/null, which is really that.
fn null(root: &Root) -> Result<OwnedFd> {
    let null = open_in_root(root.as_fd(), Path::new("/dev/null"), false).context("there is no /dev/null")?;
    let stat = fstat(&null).context("fstat")?;
    ensure!((major(stat.st_rdev), minor(stat.st_rdev)) == (1, 3), "/dev/null is not the null device");
    copy_tree(&steps::MASK, &by_descriptor(&null))
}

fn protect(root: &Root, path: &Path) -> Result<()> {
    let Some(place) = find(root, path)? else { return Ok(()) };
    let same = copy_tree(&steps::PROTECT, &by_descriptor(&place))?;
    set_attributes(&steps::PROTECT, same.as_fd(), attr::READ_ONLY | attr::NO_SUID | attr::NO_DEV | attr::NO_EXEC)?;
    attach(&steps::PROTECT, "itself", same.as_fd(), place.as_fd(), path)
}

fn by_descriptor(fd: &OwnedFd) -> std::path::PathBuf {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", fd.as_raw_fd()).into()
}
