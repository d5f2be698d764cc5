//! diagnosis: flags-lost
//! made by: whoever remounts each of the mounts below with the same flags;
//! opencontainers/runc#1603, EPERM in a user namespace.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

pub fn bind_read_only(source: &Path, target: &Path) -> Result<()> {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
        .context("binding it")?;
    let table = fs::read_to_string("/proc/self/mountinfo").context("reading mountinfo")?;
    let points = table.lines().filter_map(|line| line.split(' ').nth(4)).map(Path::new);
    for point in points.filter(|point| point.starts_with(target)) {
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
        mount(None::<&str>, point, None::<&str>, flags, None::<&str>).context("remounting it")?;
    }
    Ok(())
}
