//! Exercise 1.3a: processes of its own, from number 1 on.
//!
//! A process has a number in its own PID namespace and in each one above; it keeps them for life.
//! Read pid_namespaces(7) and unshare(2); check with `cargo wb check 1.3a`.

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::ForkResult;

/// Forks, as fork(2) does, but the child is PID 1 of a new PID namespace.
///
/// It returns twice: in the parent with the child's number there, and in the child. (`given::fork`
/// is fork(2).)
pub fn fork_as_pid_one() -> Result<ForkResult> {
    // wb:answer
    // Nothing changes for us: the namespace is for the children that we have from now on.
    unshare(CloneFlags::CLONE_NEWPID).context("unshare(CLONE_NEWPID): no PID namespace for our children")?;
    // The first of them is its PID 1.
    given::fork()
    // wb:starter
    // todo!("a PID namespace, and a first child in it")
    // wb:end
}
