//! The way to a part of the v2 tree that is ours to divide: systemd hands one over to whoever asks.
//!
//! `systemd-run --scope -p Delegate=yes COMMAND` asks the machine's systemd, with `--user` the
//! manager that it runs for each user who logs in. A v1 tree is never delegated to users (it was
//! not made for that), and to root belongs all of it.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use ch01_namespaces::{Privilege, new_id, own_binary};
use nix::unistd::Uid;

use crate::cgroup::Cgroup;
use crate::controller::Version;
use crate::machine::Machine;
use crate::place::Place;
use crate::{delegated, make_leaf, v2};

/// What the names of our own scopes begin with.
const SCOPE: &str = "coracle-";

/// Holds the number of the process that has asked, so that it asks once.
const ASKED: &str = "CORACLE_SCOPE";

/// What the decision depends on.
#[derive(Debug, Clone, Default)]
struct Facts {
    is_root: bool,
    /// All controllers that are wanted are in v2.
    all_on_v2: bool,
    /// Where the cgroups go belongs to us.
    ours: bool,
    /// We are in a part that was delegated, or have asked for one already. If what is wanted lies
    /// elsewhere, another scope is of no help.
    delegated: bool,
    /// A manager that listens.
    manager: bool,
    systemd_run: bool,
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
        Facts { ours: true, .. } => Way::Here,
        // The kernel says best what is wrong then.
        Facts { delegated: true, .. } => Way::Here,
        Facts { all_on_v2: true, manager: true, systemd_run: true, .. } => Way::Scope,
        Facts { is_root: true, .. } => Way::Here,
        Facts { all_on_v2: false, .. } => Way::None(
            "cause: on this machine the controllers are in cgroup v1, which gives ordinary users none\n\
             cure: as root; or boot with systemd.unified_cgroup_hierarchy=1 for v2; or in a machine of its own: cargo wb vm --user 1000 -- target/debug/ch03-cgroups …",
        ),
        Facts { manager: true, .. } => Way::None(
            "cause: your cgroup was not delegated to you, and the program that asks systemd for one is missing\n\
             cure: install systemd-run (package systemd)",
        ),
        _ => Way::None(
            "cause: your cgroup was not delegated to you, and there is no systemd user manager to ask\n\
             cure: log in by ssh or on a console (su and sudo start no user manager); or as root, hand a cgroup over: mkdir it, \
             chown it and its cgroup.procs and cgroup.subtree_control to you, and start a shell of yours in it",
        ),
    }
}
// ANCHOR_END: decide

/// Makes sure that the cgroups can be made: where a scope of our own has to be asked for, this
/// process starts again in it, and doesn't return.
pub fn get(place: &Place) -> Result<()> {
    let all_on_v2 = place.sites.iter().all(|site| site.version == Version::V2);
    if let Some(own) = delegated_elsewhere(place)? {
        bail!(
            "an ordinary user may make no cgroup there\ncause: what was delegated to you is {0}, and the parent that you \
             named lies outside of it\ncure: name one below it, without a slash in front: --cgroup-parent boats",
            own.display()
        );
    }
    match decide(&Facts { all_on_v2, ours: place.is_ours(), ..Facts::of_this_process()? }) {
        Way::Here => Ok(()),
        Way::Scope => start_again(),
        Way::None(why) => bail!("an ordinary user may make no cgroups here\n{why}"),
    }
}

/// Makes sure that this process may move into a cgroup, as [`get`] does: to move takes the right to
/// write into the list of processes of the nearest cgroup above both.
pub fn reach(cgroup: &Cgroup) -> Result<()> {
    let Some(part) = cgroup.parts.iter().find(|part| part.version == Version::V2) else { return Ok(()) };
    let machine = Machine::observe()?;
    let Some(tree) = machine.hierarchies.iter().find(|tree| tree.version == Version::V2) else { return Ok(()) };
    let above_both =
        part.directory.ancestors().find(|directory| tree.own.starts_with(directory)).unwrap_or(&tree.mount_point);
    let ours = make_leaf::may_write(&above_both.join(v2::PROCS));
    match decide(&Facts { all_on_v2: true, ours, ..Facts::of_this_process()? }) {
        Way::Scope => start_again(),
        // The kernel says it best.
        Way::Here | Way::None(_) => Ok(()),
    }
}

/// The topmost cgroup that was delegated to this user, where cgroups are to be made outside of it.
fn delegated_elsewhere(place: &Place) -> Result<Option<PathBuf>> {
    if Privilege::current().is_machine_root() {
        return Ok(None);
    }
    let machine = Machine::observe()?;
    let v2 = machine.hierarchies.iter().find(|tree| tree.version == Version::V2);
    let own = v2.and_then(|tree| tree.own.ancestors().take_while(|cgroup| make_leaf::is_delegated(cgroup)).last());
    let is_outside =
        |own: &Path| place.sites.iter().any(|site| site.version == Version::V2 && !site.parent.starts_with(own));
    Ok(own.filter(|own| is_outside(own)).map(Path::to_path_buf))
}

/// Whether a cgroup is a scope that we asked for.
pub fn is_own_scope(cgroup: &Path) -> bool {
    let name = cgroup.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(SCOPE) && name.ends_with(".scope")
}

impl Facts {
    fn of_this_process() -> Result<Facts> {
        let machine = Machine::observe()?;
        let v2 = machine.hierarchies.iter().find(|tree| tree.version == Version::V2);
        let in_a_part = v2.is_some_and(|tree| delegated::top(tree).is_some_and(|top| top != tree.mount_point));
        // systemd-run becomes the command: the process is the same.
        let has_asked = std::env::var(ASKED).is_ok_and(|process| process == std::process::id().to_string());
        Ok(Facts {
            is_root: Privilege::current().is_machine_root(),
            delegated: in_a_part || has_asked,
            manager: manager().is_some_and(|socket| socket.exists()),
            systemd_run: find("systemd-run").is_some(),
            ..Facts::default()
        })
    }
}

/// Where the manager that we would ask listens.
fn manager() -> Option<PathBuf> {
    let directory = if Privilege::current().is_machine_root() { PathBuf::from("/run") } else { runtime_directory()? };
    Some(directory.join("systemd/private"))
}

fn runtime_directory() -> Option<PathBuf> {
    let usual = || Path::new("/run/user").join(Uid::effective().to_string());
    std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .or_else(|| Some(usual()))
        .filter(|directory| directory.is_dir())
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|file| file.is_file())
}

/// This program with the same arguments, in a scope. Returns only when it failed.
fn start_again() -> Result<()> {
    let me = own_binary::path()?;
    // It becomes the command that it is to run, and keeps silent about why it couldn't: so one scope is
    // for trying.
    let tried = scope()?.arg("true").stdin(Stdio::null()).output().context("cannot start systemd-run")?;
    if !tried.status.success() {
        // Without --quiet it says more.
        bail!(
            "systemd gave us no scope: systemd-run --scope -p Delegate=yes failed ({})\n{}\
             cause: the manager may not move a process of this session, or is about to end\n\
             cure: log in again by ssh or on a console, and see systemctl --user status",
            tried.status,
            String::from_utf8_lossy(&tried.stderr)
        );
    }
    let mut again = scope()?;
    again.arg(me).args(std::env::args_os().skip(1)).env(ASKED, std::process::id().to_string());
    Err(again.exec()).context("cannot start systemd-run")
}

fn scope() -> Result<Command> {
    let unit = format!("--unit={SCOPE}{}.scope", &new_id()?[..12]);
    let mut command = Command::new("systemd-run");
    if !Privilege::current().is_machine_root() {
        command.arg("--user");
    }
    command.args(["--scope", "--quiet", "--collect", "-p", "Delegate=yes", &unit, "--"]);
    if let Some(directory) = runtime_directory() {
        command.env("XDG_RUNTIME_DIR", directory);
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> Facts {
        Facts { all_on_v2: true, manager: true, systemd_run: true, ..Facts::default() }
    }

    #[test]
    fn whoever_is_in_a_cgroup_of_systemds_asks_for_a_scope_root_too() {
        assert_eq!(decide(&user()), Way::Scope);
        assert_eq!(decide(&Facts { is_root: true, ..user() }), Way::Scope);
    }

    #[test]
    fn whoever_has_a_cgroup_stays_in_it() {
        assert_eq!(decide(&Facts { ours: true, ..user() }), Way::Here);
        assert_eq!(decide(&Facts { is_root: true, ..Facts::default() }), Way::Here);
    }

    #[test]
    fn whoever_is_in_a_scope_and_wants_what_is_elsewhere_asks_for_no_other_one() {
        assert_eq!(decide(&Facts { delegated: true, ..user() }), Way::Here);
    }

    #[test]
    fn what_would_help_is_said_where_there_is_no_way() {
        let why = |facts| match decide(&facts) {
            Way::None(why) => why,
            other => panic!("{other:?}"),
        };
        assert!(why(Facts { all_on_v2: false, ..user() }).contains("cgroup v1"));
        assert!(why(Facts { manager: false, ..user() }).contains("ssh"));
        assert!(why(Facts { systemd_run: false, ..user() }).contains("install systemd-run"));
    }

    #[test]
    fn a_scope_of_ours_is_known_by_its_name_and_a_container_is_none() {
        assert!(is_own_scope(Path::new("/sys/fs/cgroup/app.slice/coracle-0a1b2c3d4e5f.scope")));
        assert!(!is_own_scope(Path::new("/sys/fs/cgroup/app.slice/run-r7.scope")));
        assert!(!is_own_scope(Path::new("/sys/fs/cgroup/coracle-0a1b2c3d4e5f")));
    }
}
