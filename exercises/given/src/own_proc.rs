use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// Makes `/proc` true: a mount namespace, in which nothing comes from or goes to the machine's, and a new proc file system.
/// You write the mounts in chapter 2.
///
/// A proc file system shows the PID namespace of whoever mounted it (pid_namespaces(7)); without this `ps` shows the host.
pub fn own_proc() -> Result<()> {
    const NOTHING: Option<&str> = None;
    unshare(CloneFlags::CLONE_NEWNS).context("unshare(CLONE_NEWNS): no mount namespace of our own")?;
    // systemd makes / shared: without this the new /proc would cover the machine's.
    mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING)
        .context("mount(MS_REC|MS_PRIVATE) on /: our mounts would be the machine's, too")?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    match mount(Some("proc"), "/proc", Some("proc"), flags, NOTHING) {
        // As in Docker, where parts of /proc are covered: the kernel refuses a whole one to a user namespace.
        Err(Errno::EPERM) => {
            eprintln!(
                "given: no new /proc here (mount: EPERM, as in Docker); ps in the container shows the host's processes"
            );
            Ok(())
        }
        result => result.context("mounting a new /proc"),
    }
}
