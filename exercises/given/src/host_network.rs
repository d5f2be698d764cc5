use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};

use crate::link_up;

/// Makes sure that this process may change the network that is the containers' host, and that it
/// passes packets on, as a router does.
///
/// An ordinary user has no power over the machine's network, also as root of a user namespace. Then
/// a new network namespace takes the host's place; it ends with the last process in it.
pub fn host_network() -> Result<()> {
    match link_up("lo") {
        Ok(()) => {}
        Err(Errno::EPERM) => {
            unshare(CloneFlags::CLONE_NEWNET).context("unshare(CLONE_NEWNET): a network in the host's place")?;
            link_up("lo").context("RTM_NEWLINK: setting lo up")?;
        }
        Err(errno) => return Err(errno).context("RTM_NEWLINK: setting lo up"),
    }
    let forward = "/proc/sys/net/ipv4/ip_forward";
    let is_on = fs::read_to_string(forward).is_ok_and(|text| text.trim() == "1");
    if is_on { Ok(()) } else { fs::write(forward, "1").with_context(|| format!("writing 1 to {forward}")) }
}

/// The directory for leases, with its lock: in /run, which is empty after a boot, or where an
/// ordinary user may write.
pub fn leases() -> Result<PathBuf> {
    let below = |variable: &str, path: &str| env::var_os(variable).map(|top| Path::new(&top).join(path));
    let places = [
        Some(PathBuf::from("/run/mydocker/leases")),
        below("XDG_RUNTIME_DIR", "mydocker/leases"),
        below("HOME", ".local/share/mydocker/leases"),
    ];
    let made = places.into_iter().flatten().find(|place| make(place).is_ok());
    made.context("no place for leases: /run can't be written to, and neither can XDG_RUNTIME_DIR and HOME")
}

fn make(place: &Path) -> io::Result<()> {
    fs::create_dir_all(place)?;
    fs::File::options().write(true).create(true).truncate(false).open(place.join(".lock")).map(drop)
}
