//! The contents of /dev.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ch01_namespaces::{Handover, Inside, Mechanism, Stage};

use crate::mounts::{DEVICES, LINKS};
use crate::rooted::Root;
use crate::sys::attr::{NO_EXEC, NO_SUID, READ_ONLY};
use crate::{steps, sys};

/// The six devices that every container has, the links, and an empty file as the place for a
/// console.
///
/// mknod(2) of a device takes CAP_MKNOD over the machine: whoever is root of a user namespace only
/// binds the host's.
#[derive(Debug)]
pub struct Devices {
    may_make: bool,
}

impl Devices {
    /// `privileged`: with root's powers over the machine.
    pub fn new(privileged: bool) -> Devices {
        Devices { may_make: privileged }
    }
}

impl Mechanism for Devices {
    fn name(&self) -> &'static str {
        "devices"
    }

    fn stage(&self) -> Stage {
        Stage::Mounts
    }

    // ANCHOR: devices
    fn enter(&self, _: Handover, inside: &mut Inside) -> Result<()> {
        let root = Root::open(&inside.root)?;
        let dev = root.directory_without_links(Path::new("/dev"))?;
        for (name, major, minor) in DEVICES {
            if self.may_make {
                sys::make_device(&steps::MAKE_DEVICE, dev.as_fd(), name, major, minor)?;
                continue;
            }
            let device = PathBuf::from("/dev").join(name);
            let mount = sys::copy_tree(&steps::BIND_DEVICE, &device)?;
            // What is written goes to the device all the same. But mode and owner are the node's,
            // which is the host's: root in here could change them for everybody.
            sys::set_attributes(&steps::BIND_DEVICE, mount.as_fd(), READ_ONLY | NO_SUID | NO_EXEC)?;
            let place = root.file(&device)?;
            let what = device.display().to_string();
            sys::attach(&steps::BIND_DEVICE, &what, mount.as_fd(), place.as_fd(), &device)
                .with_context(|| format!("cannot give the container {}", device.display()))?;
        }
        for (target, name) in LINKS {
            root.link(Path::new(target), &Path::new("/dev").join(name))?;
        }
        root.file(Path::new("/dev/console"))?;
        Ok(())
    }
    // ANCHOR_END: devices
}
