//! diagnosis: bare-errno
//! made by: every first version with `?`.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::Result;
use nix::mount::{MsFlags, mount};

pub fn minimal_dev(root: &Path) -> Result<()> {
    let dev = root.join("dev");
    fs::create_dir_all(&dev)?;
    mount(Some("tmpfs"), &dev, Some("tmpfs"), MsFlags::MS_NOSUID, Some("mode=0755"))?;
    for name in ["null", "zero", "full", "random", "urandom", "tty"] {
        let place = dev.join(name);
        File::create(&place)?;
        mount(Some(&Path::new("/dev").join(name)), &place, None::<&str>, MsFlags::MS_BIND, None::<&str>)?;
    }
    for (name, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ] {
        symlink(target, dev.join(name))?;
    }
    fs::create_dir_all(dev.join("pts"))?;
    mount(Some("devpts"), &dev.join("pts"), Some("devpts"), MsFlags::MS_NOSUID, Some("newinstance,ptmxmode=0666"))?;
    fs::create_dir_all(dev.join("shm"))?;
    mount(Some("tmpfs"), &dev.join("shm"), Some("tmpfs"), MsFlags::MS_NOSUID, Some("mode=1777"))?;
    Ok(())
}
