//! Ids of its own, and with them the power to make the other namespaces: user_namespaces(7).

use std::path::PathBuf;

use anyhow::Result;
use nix::unistd::Pid;

use crate::mapping::{self, Facts, Mapping, Range, Request};
use crate::mechanism::{Handover, Mechanism};
use crate::namespaces::Namespace;
use crate::plan::{Caller, Plan, Process};
use crate::stage::Stage;
use crate::steps;
use crate::sys;

// ANCHOR: user
/// A user namespace, in which the caller is root unless they ask for something else.
///
/// The kernel makes the user namespace before the others of the same clone, so they belong to it,
/// and its root may shape them. Which other ids exist inside is decided in
/// [`mapping`](crate::mapping).
#[derive(Debug, Clone, Default)]
pub struct UserNamespace {
    /// Which ids are wanted.
    pub ids: Request,
}

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

    fn attach(&mut self, process: &Process) -> Result<Handover> {
        write_id_maps(self.ids, process.pid, process.caller)?;
        Ok(Handover::default())
    }
}

/// Writes the id maps of a process in a new user namespace.
///
/// Each map can be written once, in one write(2). An unprivileged gid map is allowed only after
/// setgroups(2) has been given up inside: else a process could drop a group that denies it access
/// to a file (CVE-2014-8989).
pub(crate) fn write_id_maps(ids: Request, pid: Pid, caller: Caller) -> Result<()> {
    let file = |name| PathBuf::from(format!("/proc/{pid}/{name}"));
    let write = |why, name, ranges: &[Range]| {
        let lines: Vec<_> = ranges.iter().map(|range| range.line()).collect();
        sys::write_file(why, &file(name), &lines.join("\n"))
    };
    match mapping::decide(ids, caller, &Facts::of_this_machine(caller)) {
        Mapping::Single { user, group, give_up_setgroups } => {
            if give_up_setgroups {
                sys::write_file(&steps::DENY_SETGROUPS, &file("setgroups"), "deny")?;
            }
            write(&steps::MAP_USERS, "uid_map", &[user])?;
            write(&steps::MAP_GROUPS, "gid_map", &[group])
        }
        Mapping::Same { users, groups } => {
            write(&steps::MAP_USERS, "uid_map", &users)?;
            write(&steps::MAP_GROUPS, "gid_map", &groups)
        }
        Mapping::Granted { users, groups } => {
            sys::run_id_map_helper(&steps::MAP_GRANTED_USERS, "newuidmap", pid, &users)?;
            sys::run_id_map_helper(&steps::MAP_GRANTED_GROUPS, "newgidmap", pid, &groups)
        }
    }
}
// ANCHOR_END: user
