//! diagnosis: the-hosts-ptmx
//! made by: whoever takes ptmx for a device as the others are, which it was until devpts had
//! instances.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

pub fn minimal_dev(root: &Path) -> Result<()> {
    let dev = root.join("dev");
    fs::create_dir_all(&dev).context("making dev")?;
    mount(Some("tmpfs"), &dev, Some("tmpfs"), MsFlags::MS_NOSUID, Some("mode=0755")).context("a tmpfs on dev")?;
    for name in ["null", "zero", "full", "random", "urandom", "tty"] {
        let place = dev.join(name);
        File::create(&place).context("making a file")?;
        mount(Some(&Path::new("/dev").join(name)), &place, None::<&str>, MsFlags::MS_BIND, None::<&str>)
            .context("binding a device")?;
    }
    for (name, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ] {
        symlink(target, dev.join(name)).context("making a link")?;
    }
    File::create(dev.join("ptmx")).context("making a file")?;
    mount(Some("/dev/ptmx"), &dev.join("ptmx"), None::<&str>, MsFlags::MS_BIND, None::<&str>)
        .context("binding ptmx")?;
    fs::create_dir_all(dev.join("pts")).context("making pts")?;
    mount(Some("devpts"), &dev.join("pts"), Some("devpts"), MsFlags::MS_NOSUID, Some("newinstance,ptmxmode=0666"))
        .context("a devpts on pts")?;
    fs::create_dir_all(dev.join("shm")).context("making shm")?;
    mount(Some("tmpfs"), &dev.join("shm"), Some("tmpfs"), MsFlags::MS_NOSUID, Some("mode=1777"))
        .context("a tmpfs on shm")?;
    Ok(())
}
