use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};

use crate::mount_table::private_table;

/// Makes `/proc` true: a mount namespace, in which nothing comes from or goes to the machine's, and
/// a new proc file system.
pub fn own_proc() -> Result<()> {
    private_table()?;
    proc_on(Path::new("/proc"))
}

/// Mounts a /proc in the new root. Before the old one is gone: a user namespace may mount a new
/// /proc only where it still sees one.
pub fn mount_proc(root: &Path) -> Result<()> {
    let place = root.join("proc");
    fs::create_dir_all(&place).with_context(|| format!("making {}", place.display()))?;
    proc_on(&place)
}

/// A proc file system shows the PID namespace of whoever mounted it (pid_namespaces(7)); without
/// this `ps` shows the host.
fn proc_on(place: &Path) -> Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    match mount(Some("proc"), place, Some("proc"), flags, None::<&str>) {
        // As in Docker, where parts of /proc are covered: the kernel refuses a whole one to a
        // user namespace.
        Err(Errno::EPERM) => {
            eprintln!(
                "given: no new /proc here (mount: EPERM, as in Docker); ps in the container shows the host's processes"
            );
            mount(Some("/proc"), place, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
                .context("binding the /proc that is there")
        }
        result => result.context("mounting a new /proc"),
    }
}
