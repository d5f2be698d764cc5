//! A process in namespaces that exist already, and in new ones besides.

use std::os::fd::{AsFd, OwnedFd};

use anyhow::{Context, Result, bail};
use nix::unistd::Pid;

use crate::failure::Failure;
use crate::link::Link;
use crate::namespaces::Namespaces;
use crate::steps;
use crate::sys::{self, Cloned, Whose};

// ANCHOR: join
/// Clones a process that is in the namespaces `join` and in new ones of the kinds `create`.
///
/// setns(2) moves the calling process, and some of its steps can't be taken back: who has joined a
/// user namespace has no powers in the old one any more, and who has joined a PID namespace gets
/// only children there. So a helper process goes, and clones from there with CLONE_PARENT: the new
/// process is our child all the same, and the helper is never seen again.
pub(crate) fn clone_joined(
    join: &[(Namespaces, OwnedFd)],
    create: Namespaces,
    cgroup: Option<&OwnedFd>,
) -> Result<Cloned> {
    let cgroup = cgroup.map(AsFd::as_fd);
    if join.is_empty() {
        return sys::clone3(&steps::MAKE_PROCESS, create, cgroup);
    }
    let (ours, helpers) = Link::pair()?;
    match sys::clone3(&steps::SEND_HELPER, Namespaces::none(), None)? {
        Cloned::Child => {
            drop(ours);
            let cloned = go(join).and_then(|()| sys::clone3_sibling(&steps::MAKE_PROCESS, create, cgroup));
            let report: (Result<i32, Failure>, Vec<OwnedFd>) = match cloned {
                Ok(Cloned::Child) => return Ok(Cloned::Child),
                Ok(Cloned::Parent { child, pidfd }) => (Ok(child.as_raw()), vec![pidfd]),
                Err(error) => (Err(Failure::from_error(&error)), Vec::new()),
            };
            let sent = helpers.send(&report.0, &report.1);
            sys::exit_now(sent.is_err().into())
        }
        Cloned::Parent { pidfd: helper, .. } => {
            drop(helpers);
            let report = ours.receive::<Result<i32, Failure>>();
            sys::wait_for_end(Whose::Process(helper.as_fd()), 0).context("cannot wait for the helper")?;
            match report? {
                Some((Ok(pid), fds)) => {
                    let pidfd = fds.into_iter().next().context("the helper lost the new process's pidfd")?;
                    Ok(Cloned::Parent { child: Pid::from_raw(pid), pidfd })
                }
                Some((Err(failure), _)) => Err(failure.into()),
                None => bail!("the helper process died before it had cloned"),
            }
        }
    }
}

/// Joins them, the user namespace first: it is what gives the power to join the others.
fn go(join: &[(Namespaces, OwnedFd)]) -> Result<()> {
    let user_first = |(kinds, _): &&(Namespaces, OwnedFd)| !kinds.has(crate::Namespace::User);
    let mut join: Vec<_> = join.iter().collect();
    join.sort_by_key(user_first);
    join.into_iter().try_for_each(|(kinds, fd)| sys::setns(&steps::JOIN, fd.as_fd(), *kinds))
}
// ANCHOR_END: join
