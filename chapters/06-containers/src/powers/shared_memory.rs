//! Shared memory of whoever shares the IPC namespace: `--ipc host` and `--ipc container:NAME`.
//!
//! The namespace covers what System V has (shmget(2)) and POSIX's message queues. POSIX's shared
//! memory is files in /dev/shm (shm_overview(7)), so that directory has to be shared as well.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use anyhow::{Context, Result};
use ch01_namespaces::{Design, Elsewhere, Handover, Inside, JoinRequest, Mechanism, Namespace, Namespaces, Plan};
use ch01_namespaces::{Privilege, Stage, work_in};
use ch02_rootfs::attr::{NO_DEV, NO_EXEC, NO_SUID};
use ch02_rootfs::rooted::Root;
use ch02_rootfs::sys::{attach, copy_tree, set_attributes};

use crate::steps;

const SHM: &str = "/dev/shm";

/// /dev/shm of the host, or of another container.
#[derive(Debug)]
pub struct SharedMemory {
    /// The other container's process 1.
    of: Option<OwnedFd>,
    /// A detached copy of its mount.
    mount: Option<OwnedFd>,
}

impl SharedMemory {
    /// The host's.
    pub fn of_host() -> SharedMemory {
        SharedMemory { of: None, mount: None }
    }

    /// A container's.
    pub fn of_container(name: &str, design: &Design) -> Result<SharedMemory> {
        let join: JoinRequest = format!("mount={name}").parse().map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(SharedMemory { of: Some(join.open(|| design.store())?), mount: None })
    }
}

impl Mechanism for SharedMemory {
    fn name(&self) -> &'static str {
        "shared memory"
    }

    fn stage(&self) -> Stage {
        Stage::Mounts
    }

    /// open_tree(2) copies only mounts of the caller's own mount namespace: so a process goes into the
    /// other container's.
    fn prepare(&mut self, _: &mut Plan) -> Result<()> {
        let Some(process) = self.of.take() else { return Ok(()) };
        let mut kinds = Namespaces::none().with(Namespace::Mount);
        if !Privilege::current().is_machine_root() {
            // Only in its user namespace may an ordinary user join it.
            kinds = kinds.with(Namespace::User);
        }
        let place = Elsewhere { join: vec![(kinds, process)], ..Elsewhere::default() };
        let copy = || Ok(((), vec![copy_tree(&steps::SHARE_MEMORY, Path::new(SHM))?]));
        let ((), mounts) = work_in(place, copy).context("cannot share the other container's /dev/shm")?;
        self.mount = mounts.into_iter().next();
        Ok(())
    }

    fn enter(&self, _: Handover, inside: &mut Inside) -> Result<()> {
        let why = &steps::SHARE_MEMORY;
        let of_host = match self.mount {
            None => Some(copy_tree(why, Path::new(SHM)).context("cannot share the host's /dev/shm")?),
            Some(_) => None,
        };
        let mount = self.mount.as_ref().or(of_host.as_ref()).context("internal error: no shared memory")?;
        set_attributes(why, mount.as_fd(), NO_SUID | NO_DEV | NO_EXEC)?;
        let place = Root::open(&inside.root)?.directory_without_links(Path::new(SHM))?;
        attach(why, SHM, mount.as_fd(), place.as_fd(), Path::new(SHM))
    }
}
