//! The lab's /dev: what programs need, and no disk. A read-only mount doesn't keep root from
//! writing to a block device on it.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

use crate::sys::{On, attach_mounts, copy_of_mounts, set_read_only};

/// Devices that can't change the machine.
const SAFE: [&str; 8] = ["null", "zero", "full", "random", "urandom", "tty", "fuse", "net/tun"];

/// Links that are made again.
const LINKS: [&str; 6] = ["fd", "stdin", "stdout", "stderr", "core", "shm"];

/// Directories for what is mounted later: by the lab itself, by a container.
const DIRECTORIES: [&str; 3] = ["pts", "shm", "mqueue"];

/// Copies of the mounts that the lab's /dev is made of, taken while the machine's is still seen.
pub(crate) struct Devices {
    nodes: Vec<(&'static str, OwnedFd)>,
    links: Vec<(&'static str, PathBuf)>,
}

impl Devices {
    pub fn take() -> Result<Devices> {
        let dev = Path::new("/dev");
        let links = LINKS.into_iter().filter_map(|name| Some((name, fs::read_link(dev.join(name)).ok()?)));
        let mut nodes = Vec::new();
        for name in SAFE {
            let path = dev.join(name);
            if fs::symlink_metadata(&path).is_ok_and(|node| node.file_type().is_char_device()) {
                let copy = copy_of_mounts(&path).with_context(|| format!("copy {}: open_tree", path.display()))?;
                // Writing to the device works all the same; its mode and owner are the machine's.
                let read_only = set_read_only(On::Detached(copy.as_fd()), true);
                read_only.with_context(|| format!("make {} read-only: mount_setattr", path.display()))?;
                nodes.push((name, copy));
            }
        }
        Ok(Devices { links: links.collect(), nodes })
    }

    /// Mounts it over the machine's, read-only in the end.
    pub fn put_in_place(&self) -> Result<()> {
        let dev = Path::new("/dev");
        if !dev.is_dir() {
            return Ok(());
        }
        // Nodes that root makes in it are not devices to the kernel.
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        mount(Some("lab"), dev, Some("tmpfs"), flags, Some("mode=755")).context("mount a tmpfs on /dev")?;
        for (name, target) in &self.links {
            symlink(target, dev.join(name)).with_context(|| format!("make the link /dev/{name}"))?;
        }
        for (name, copy) in &self.nodes {
            let at = dev.join(name);
            let make = fs::create_dir_all(at.parent().unwrap_or(dev)).and_then(|()| fs::write(&at, ""));
            make.with_context(|| format!("make {}", at.display()))?;
            attach_mounts(copy.as_fd(), &at).with_context(|| format!("show {}: move_mount", at.display()))?;
        }
        for name in DIRECTORIES.iter().filter(|name| !dev.join(name).exists()) {
            fs::create_dir(dev.join(name)).with_context(|| format!("make /dev/{name}"))?;
        }
        own_terminals(dev);
        set_read_only(On::MountAt(dev), true).or_else(|_| remount_read_only(dev)).context("make /dev read-only")
    }
}

/// Terminals that the lab opens are its own, and nobody else's are seen. A bind mount of the
/// machine's ptmx would look for its terminals beside itself (ENOENT); the instance has one in it.
/// Where a sandbox refuses it, the lab has none to open.
fn own_terminals(dev: &Path) {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    let _ = mount(Some("lab"), &dev.join("pts"), Some("devpts"), flags, Some("newinstance,ptmxmode=0666,mode=0620"));
    let _ = symlink("pts/ptmx", dev.join("ptmx"));
}

/// For outer sandboxes with an old list of system calls.
fn remount_read_only(at: &Path) -> Result<(), nix::errno::Errno> {
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    let flags = flags | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(None::<&str>, at, None::<&str>, flags, None::<&str>)
}
