//! An ordinary user's way to groups: a part of the tree that root has handed over.
//!
//! On v2, systemd gives each user a manager, and the manager may give away parts of its own part. It does so for the asking:
//! `systemd-run --user --scope -p Delegate=yes COMMAND`. A v1 tree is never handed over: it was not made for that.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::unistd::Uid;

use crate::controller::Version;
use crate::place::Place;
use crate::room;

/// Set in a scope that we asked for: whoever finds it set and has no group all the same asks no second time.
const ASKED: &str = "CORACLE_SCOPE";

/// What the decision depends on.
#[derive(Debug, Clone, Default)]
struct Facts {
    is_root: bool,
    /// All controllers that are wanted are in v2.
    all_on_v2: bool,
    /// Our own group was handed over to us already.
    delegated: bool,
    /// A manager that listens.
    manager: bool,
    systemd_run: bool,
    asked: bool,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// Nothing: it is ours.
    Here,
    /// Start again in a scope of our own.
    Scope,
    /// There is none, and why.
    None(&'static str),
}

// ANCHOR: decide
fn decide(facts: &Facts) -> Way {
    match facts {
        // The kernel says best what is wrong then.
        Facts { is_root: true, .. } | Facts { delegated: true, .. } => Way::Here,
        Facts { all_on_v2: false, .. } => Way::None(
            "likely cause: on this machine the controllers are in cgroup v1, which gives ordinary users none\n\
             cure: as root; or boot with systemd.unified_cgroup_hierarchy=1 for v2; or in a machine of your own: cargo wb vm",
        ),
        Facts { asked: true, .. } => Way::None(
            "likely cause: systemd gave us a scope, but not all controllers\n\
             cure: as root, once: in /etc/systemd/system/user@.service.d/delegate.conf write [Service] and \
             Delegate=cpu cpuset io memory pids, then systemctl daemon-reload, and log in again",
        ),
        Facts { manager: true, systemd_run: true, .. } => Way::Scope,
        _ => Way::None(
            "likely cause: your group was not handed over to you, and there is no systemd user manager to ask\n\
             cure: log in by ssh or on a console (su and sudo start no user manager); or as root, hand a group over: mkdir it, \
             chown it and its cgroup.procs and cgroup.subtree_control to you, and start a shell of yours in it",
        ),
    }
}
// ANCHOR_END: decide

/// Makes sure that the groups can be made: where a scope of our own has to be asked for, this process starts again in it, and
/// doesn't return.
pub fn get(place: &Place) -> Result<()> {
    match decide(&Facts::of_this_process(place)) {
        Way::Here => Ok(()),
        Way::Scope => Err(start_again()).context("cannot start systemd-run"),
        Way::None(why) => bail!("an ordinary user may make no groups here\n{why}"),
    }
}

impl Facts {
    fn of_this_process(place: &Place) -> Facts {
        let on_v2 = |site: &crate::place::Site| site.version == Version::V2;
        Facts {
            is_root: Uid::effective().is_root(),
            all_on_v2: place.sites.iter().all(on_v2),
            delegated: place.is_ours()
                && place.sites.iter().all(|site| !site.parent.exists() || room::is_delegated(&site.parent)),
            manager: runtime_folder().is_some_and(|folder| folder.join("systemd/private").exists()),
            systemd_run: find("systemd-run").is_some(),
            asked: std::env::var_os(ASKED).is_some(),
        }
    }
}

fn runtime_folder() -> Option<PathBuf> {
    let usual = || Path::new("/run/user").join(Uid::effective().to_string());
    std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).or_else(|| Some(usual())).filter(|folder| folder.is_dir())
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// This program with the same arguments, in a scope. Returns only when it failed.
fn start_again() -> std::io::Error {
    let me = match std::env::current_exe() {
        Ok(me) => me,
        Err(error) => return error,
    };
    let mut command = Command::new("systemd-run");
    command.args(["--user", "--scope", "--quiet", "--collect", "-p", "Delegate=yes", "--"]).arg(me);
    command.args(std::env::args_os().skip(1).collect::<Vec<OsString>>()).env(ASKED, "1");
    if let Some(folder) = runtime_folder() {
        command.env("XDG_RUNTIME_DIR", folder);
    }
    command.exec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> Facts {
        Facts { all_on_v2: true, manager: true, systemd_run: true, ..Facts::default() }
    }

    #[test]
    fn a_user_with_a_manager_gets_a_scope_and_asks_once() {
        assert_eq!(decide(&user()), Way::Scope);
        assert!(matches!(decide(&Facts { asked: true, ..user() }), Way::None(why) if why.contains("delegate.conf")));
    }

    #[test]
    fn whoever_has_a_group_stays_in_it() {
        assert_eq!(decide(&Facts { delegated: true, ..user() }), Way::Here);
        assert_eq!(decide(&Facts { is_root: true, ..Facts::default() }), Way::Here);
    }

    #[test]
    fn what_would_help_is_said_where_there_is_no_way() {
        let why = |facts| match decide(&facts) {
            Way::None(why) => why,
            other => panic!("{other:?}"),
        };
        assert!(why(Facts { all_on_v2: false, ..user() }).contains("cgroup v1"));
        assert!(why(Facts { manager: false, ..user() }).contains("ssh"));
        assert!(why(Facts { systemd_run: false, ..user() }).contains("hand a group over"));
    }
}
