//! Exercise 2.5: a /dev in which programs work, and no disk is.
//!
//! A device node is a name for a driver. Whoever is root of a user namespace only may not make one
//! (mknod: EPERM), but may bind the host's.
//! Read mknod(2), null(4), pts(4), tmpfs(5) and mount(2); check with `cargo wb check 2.5`.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

/// Makes `dev` in `root`, a directory that may be missing, what /dev is in every container:
///
/// - a tmpfs, in which only root may make anything (mode 0755);
/// - the devices null, zero, full, random, urandom and tty, and no other;
/// - the links fd, stdin, stdout and stderr to /proc/self/fd and what is in there;
/// - pts, terminals of its own (devpts) that anybody may open, and the link ptmx to pts/ptmx;
/// - shm, a tmpfs in which anybody may make files (mode 1777).
///
/// Whoever is root inside could change the mode of a host's node for everybody. Where that node is
/// shown by a mount of its own, `given::mount_setattr(path, 0, libc::MOUNT_ATTR_RDONLY)` keeps them
/// from it, and the device works as before.
///
/// It works for root of a user namespace. Fails, saying which step failed, when the kernel refuses
/// one of them.
pub fn minimal_dev(root: &Path) -> Result<()> {
    // wb:answer
    let dev = root.join("dev");
    directory(&dev)?;
    mount_new("tmpfs", &dev, "mode=0755")?;
    for name in ["null", "zero", "full", "random", "urandom", "tty"] {
        let (node, place) = (Path::new("/dev").join(name), dev.join(name));
        // A file is mounted on a file.
        File::create(&place).with_context(|| format!("making {}", place.display()))?;
        mount(Some(&node), &place, None::<&str>, MsFlags::MS_BIND, None::<&str>)
            .with_context(|| format!("mount(MS_BIND) of {} on {}", node.display(), place.display()))?;
        // The node is the host's. Its device can still be written to, but not its mode and owner.
        given::mount_setattr(&place, 0, libc::MOUNT_ATTR_RDONLY)
            .with_context(|| format!("making {} read-only", place.display()))?;
    }
    for (name, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ] {
        symlink(target, dev.join(name)).with_context(|| format!("linking {name} to {target}"))?;
    }
    let (pts, shm) = (dev.join("pts"), dev.join("shm"));
    directory(&pts)?;
    // Without ptmxmode its ptmx is nobody's to open.
    mount_new("devpts", &pts, "newinstance,ptmxmode=0666,mode=0620")?;
    directory(&shm)?;
    mount_new("tmpfs", &shm, "mode=1777")?;
    Ok(())
    // wb:starter
    // todo!("a tmpfs on dev, and in it devices, links, terminals, shared memory")
    // wb:end
}

// wb:answer
fn directory(path: &Path) -> Result<()> {
    fs::create_dir_all(path).with_context(|| format!("making {}", path.display()))
}

fn mount_new(kind: &str, target: &Path, options: &str) -> Result<()> {
    mount(Some(kind), target, Some(kind), MsFlags::MS_NOSUID, Some(options))
        .with_context(|| format!("mounting a {kind} on {}", target.display()))
}
// wb:end
