//! The lab's namespaces, in the kernel's order.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use doctor::Step;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use crate::identity::{Inside, enter_user_namespace, may_unshare_directly, names};
use crate::mounts;
use crate::refusal::At;
use crate::request::Request;

/// Moves this process into the lab's namespaces (the PID namespace is its next child's) and makes
/// the mounts safe. The cgroup namespace is made by the lab's PID 1, in the cgroup that shall be
/// its root.
pub(crate) fn make(request: &Request, program: &Path, cgroups: &[(PathBuf, PathBuf)]) -> Result<()> {
    let all_but_mounts =
        CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWUTS;
    if may_unshare_directly() {
        unshare(CloneFlags::CLONE_NEWNS)
            .with_context(|| At { step: Step::Clone, call: "unshare(CLONE_NEWNS)".to_string() })?;
        mounts::make_safe(request, program, cgroups)?;
        unshare(all_but_mounts).with_context(|| format!("unshare({})", names(all_but_mounts)))?;
    } else {
        // Two user namespaces, one in the other: mounts that a less privileged mount namespace gets are
        // locked (mount_namespaces(7)), so that not even the lab's root can make them writable again.
        enter_user_namespace(Inside::Oneself, CloneFlags::CLONE_NEWNS)?;
        mounts::make_safe(request, program, cgroups)?;
        let inside = if request.as_caller { Inside::Oneself } else { Inside::Root };
        enter_user_namespace(inside, all_but_mounts | CloneFlags::CLONE_NEWNS)?;
    }
    let propagation = if request.shared_mounts { MsFlags::MS_SHARED } else { MsFlags::MS_PRIVATE };
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | propagation, None::<&str>)
        .context("set the propagation of the lab's mounts")
}
