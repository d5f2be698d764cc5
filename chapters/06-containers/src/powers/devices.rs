//! More devices than every container has: `--device HOST[:CONTAINER[:rwm]]`.
//!
//! A device is two things: a node in /dev, which is only a name for a pair of numbers, and the
//! right to open what has those numbers. CAP_MKNOD, which containers keep, makes any node. So the
//! right is what counts: a rule of the devices cgroup (chapter 3), which denies all others.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ch01_namespaces::explain::report;
use ch01_namespaces::{Handover, Inside, Mechanism, Stage};
use ch02_rootfs::rooted::Root;
use ch02_rootfs::sys::attr::{NO_EXEC, NO_SUID, READ_ONLY};
use ch02_rootfs::sys::{attach, copy_tree, set_attributes, with_exact_modes};
use ch03_cgroups::device_rules::{Kind, Rule};
use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::sys::stat::{Mode, SFlag, fstatat, major, minor, mknodat};
use nix::unistd::{AccessFlags, Gid, Uid, access, fchownat};

use crate::steps;

/// One device of the host's, and what the container may do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    host: PathBuf,
    container: PathBuf,
    uses: String,
}

impl std::str::FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Device, String> {
        let is_use = |part: &str| !part.is_empty() && part.chars().all(|letter| "rwm".contains(letter));
        let parts: Vec<&str> = text.split(':').collect();
        let (host, container, uses) = match parts[..] {
            [host] => (host, host, "rwm"),
            [host, uses] if is_use(uses) => (host, host, uses),
            [host, container] => (host, container, "rwm"),
            [host, container, uses] if is_use(uses) => (host, container, uses),
            _ => return Err(format!("invalid device {text:?}: use HOST[:CONTAINER[:rwm]], such as /dev/fuse")),
        };
        if !host.starts_with('/') || !container.starts_with('/') {
            return Err(format!("invalid device {text:?}: both paths begin with /, such as /dev/fuse"));
        }
        Ok(Device { host: host.into(), container: container.into(), uses: uses.into() })
    }
}

impl Device {
    /// What the host's node says. Read before any namespace is entered.
    fn node(&self) -> Result<Node> {
        let host = self.host.display();
        let found = fs::metadata(&self.host)
            .with_context(|| format!("cannot look at the device {host}\ncure: ls -l /dev shows what there is"))?;
        let kind = found.file_type();
        if !kind.is_char_device() && !kind.is_block_device() {
            bail!(
                "{host} is not a device\ncure: --device takes a device's node; for files and directories there is -v"
            );
        }
        Ok(Node {
            kind: if kind.is_block_device() { SFlag::S_IFBLK } else { SFlag::S_IFCHR },
            number: found.rdev(),
            mode: Mode::from_bits_truncate(found.mode()),
            owner: (Uid::from_raw(found.uid()), Gid::from_raw(found.gid())),
        })
    }

    /// The rule that lets the container use it.
    pub fn rule(&self) -> Result<Rule> {
        let node = self.node()?;
        let [read, write, make] = ['r', 'w', 'm'].map(|letter| self.uses.contains(letter));
        Ok(Rule {
            kind: if node.kind == SFlag::S_IFBLK { Kind::Block } else { Kind::Character },
            major: u32::try_from(major(node.number)).ok(),
            minor: u32::try_from(minor(node.number)).ok(),
            read,
            write,
            make,
        })
    }

    /// What can be known without a container. An ordinary user can give no more than they have, and
    /// has no rules to give less.
    pub fn check(&self, is_machine_root: bool) -> Result<()> {
        self.node()?;
        if is_machine_root {
            return Ok(());
        }
        let host = self.host.display();
        if !self.uses.contains('r') || !self.uses.contains('w') {
            bail!(
                "{host}:{}: an ordinary user's container can't be given a part of a device\ncause: that takes a rule of the \
                 devices cgroup, which only the machine's root may set\ncure: leave the letters out",
                self.uses
            );
        }
        access(&self.host, AccessFlags::R_OK | AccessFlags::W_OK).with_context(|| {
            format!(
                "the device {host} can't be used\ncause: you don't have permission to read and write it\ncure: ls -l {host} \
                 shows its group; an administrator adds you to it"
            )
        })
    }

    // ANCHOR: all
    /// All that the host has in its /dev, for `--privileged`. Terminals and shared memory are the
    /// container's own.
    pub fn all_of_the_host() -> Vec<Device> {
        let (mut found, mut directories) = (Vec::new(), vec![PathBuf::from("/dev")]);
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
                let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
                let is_own =
                    ["pts", "shm", "fd", "mqueue", "console", "ptmx", "tty"].map(|name| Path::new("/dev").join(name));
                if is_own.contains(&path) {
                    continue;
                }
                if kind.is_dir() {
                    directories.push(path);
                } else if kind.is_char_device() || kind.is_block_device() {
                    found.push(Device { host: path.clone(), container: path, uses: "rwm".into() });
                }
            }
        }
        found
    }
    // ANCHOR_END: all
}

#[derive(Debug, Clone, Copy)]
struct Node {
    kind: SFlag,
    number: u64,
    mode: Mode,
    owner: (Uid, Gid),
}

/// Nodes for devices: made, or for an ordinary user the host's own, mounted.
#[derive(Debug)]
pub struct MoreDevices {
    devices: Vec<(Device, Node)>,
    may_make: bool,
}

impl MoreDevices {
    /// `may_make`: with root's powers over the machine.
    pub fn new(devices: Vec<Device>, may_make: bool) -> Result<MoreDevices> {
        let with_node = |device: Device| device.node().map(|node| (device, node));
        Ok(MoreDevices { devices: devices.into_iter().map(with_node).collect::<Result<_>>()?, may_make })
    }
}

impl Mechanism for MoreDevices {
    fn name(&self) -> &'static str {
        "more devices"
    }

    fn stage(&self) -> Stage {
        Stage::Mounts
    }

    fn enter(&self, _: Handover, inside: &mut Inside) -> Result<()> {
        let root = Root::open(&inside.root)?;
        self.devices.iter().try_for_each(|(device, node)| {
            let made = if self.may_make { make(&root, device, *node) } else { bind(&root, device) };
            made.with_context(|| format!("cannot give the container {}", device.container.display()))
        })
    }
}

/// mknod(2), with the host's mode and owner, as Docker does.
fn make(root: &Root, device: &Device, node: Node) -> Result<()> {
    let (parent, name) = root.parent(&device.container)?;
    let made = with_exact_modes(|| mknodat(&parent, &name, node.kind, node.mode, node.number));
    if made == Err(Errno::EEXIST) {
        let there = fstatat(&parent, &name, AtFlags::AT_SYMLINK_NOFOLLOW).context("fstatat")?;
        if there.st_rdev == node.number && SFlag::from_bits_truncate(there.st_mode).contains(node.kind) {
            return Ok(());
        }
        bail!("something else is there already\ncure: another path: --device HOST:CONTAINER");
    }
    let letter = if node.kind == SFlag::S_IFBLK { 'b' } else { 'c' };
    let numbers = || format!("{letter} {} {}", major(node.number), minor(node.number));
    report(&steps::MAKE_DEVICE, "mknod", || vec![device.container.display().to_string(), numbers()], made)?;
    fchownat(&parent, &name, Some(node.owner.0), Some(node.owner.1), AtFlags::AT_SYMLINK_NOFOLLOW).context("fchownat")
}

/// What is written goes to the device all the same; but mode and owner are the host's node's.
fn bind(root: &Root, device: &Device) -> Result<()> {
    let mount = copy_tree(&steps::BIND_DEVICE, &device.host)?;
    set_attributes(&steps::BIND_DEVICE, mount.as_fd(), READ_ONLY | NO_SUID | NO_EXEC)?;
    let place = root.file(&device.container)?;
    let what = device.host.display().to_string();
    attach(&steps::BIND_DEVICE, &what, mount.as_fd(), place.as_fd(), &device.container)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_read_as_docker_reads_it() {
        let read = |text: &str| text.parse::<Device>().map(|device| (device.container, device.uses));
        assert_eq!(read("/dev/fuse"), Ok(("/dev/fuse".into(), "rwm".into())));
        assert_eq!(read("/dev/fuse:r"), Ok(("/dev/fuse".into(), "r".into())));
        assert_eq!(read("/dev/fuse:/dev/x"), Ok(("/dev/x".into(), "rwm".into())));
        assert_eq!(read("/dev/fuse:/dev/x:rw"), Ok(("/dev/x".into(), "rw".into())));
        for bad in ["fuse", "/dev/fuse:/dev/x:rq", "/dev/fuse:/dev/x:", "/a:/b:r:w", "/dev/fuse:x"] {
            assert!(read(bad).unwrap_err().contains("invalid device"), "{bad}");
        }
    }

    #[test]
    fn the_rule_has_the_nodes_numbers() {
        let rule = "/dev/full:r".parse::<Device>().unwrap().rule().unwrap();
        assert_eq!(rule.to_string(), "c 1:7 r");
        let none = "/etc/passwd".parse::<Device>().unwrap().rule().unwrap_err();
        assert!(none.to_string().contains("not a device"));
    }
}
