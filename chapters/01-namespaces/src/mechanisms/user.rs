//! Ids of its own, and with them the power to make the other namespaces: user_namespaces(7).

use std::path::PathBuf;

use anyhow::Result;

use crate::mechanism::{Handover, Mechanism};
use crate::namespaces::Namespace;
use crate::plan::{Plan, Process};
use crate::stage::Stage;
use crate::steps::Why;
use crate::sys;

// ANCHOR: user
/// A user namespace in which the caller is root: id 0 inside is the caller's own id outside, and no other id exists.
///
/// That much an ordinary user may map without privilege. The kernel makes the user namespace before the others of the same
/// clone, so they belong to it, and its root may shape them.
#[derive(Debug, Clone, Default)]
pub struct UserNamespace;

impl Mechanism for UserNamespace {
    fn name(&self) -> &'static str {
        "user"
    }

    fn stage(&self) -> Stage {
        Stage::Identity
    }

    fn prepare(&mut self, plan: &mut Plan) -> Result<()> {
        plan.create.add(Namespace::User);
        Ok(())
    }

    fn needs_host(&self) -> bool {
        true
    }

    /// Each map can be written once, in one write(2). An unprivileged gid map is allowed only after setgroups(2) has been
    /// given up inside: else a process could drop a group that denies it access to a file (CVE-2014-8989).
    fn attach(&mut self, process: &Process) -> Result<Handover> {
        let file = |name| PathBuf::from(format!("/proc/{}/{name}", process.pid));
        sys::write_file(Why::DenySetgroups, &file("setgroups"), "deny")?;
        sys::write_file(Why::MapUsers, &file("uid_map"), &format!("0 {} 1", process.caller.uid))?;
        sys::write_file(Why::MapGroups, &file("gid_map"), &format!("0 {} 1", process.caller.gid))?;
        Ok(Handover::default())
    }
}
// ANCHOR_END: user
