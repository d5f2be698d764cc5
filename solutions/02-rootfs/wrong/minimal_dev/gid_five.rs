//! diagnosis: options-of-devpts
//! made by: whoever copies runc's options for devpts: group 5, tty, isn't mapped in an ordinary
//! user's container (EINVAL).

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
        ("ptmx", "pts/ptmx"),
    ] {
        symlink(target, dev.join(name)).context("making a link")?;
    }
    fs::create_dir_all(dev.join("pts")).context("making pts")?;
    mount(
        Some("devpts"),
        &dev.join("pts"),
        Some("devpts"),
        MsFlags::MS_NOSUID,
        Some("newinstance,ptmxmode=0666,mode=0620,gid=5"),
    )
    .context("a devpts on pts")?;
    fs::create_dir_all(dev.join("shm")).context("making shm")?;
    mount(Some("tmpfs"), &dev.join("shm"), Some("tmpfs"), MsFlags::MS_NOSUID, Some("mode=1777"))
        .context("a tmpfs on shm")?;
    Ok(())
}
