//! With a real systemd: who is in a cgroup of its own making gets a scope, whoever they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use ch03_cgroups::controller::{Controller, Version};
use ch03_cgroups::machine::Machine;
use testkit::{Case, cases, eventually_within, needs, patiently};

use crate::running::{expect_nothing_left, need_cgroups, small_root, succeeds};

const UID: &str = "12345";

pub fn cases() -> Vec<Case> {
    cases![with_a_real_systemd_limits_hold_in_a_scope_that_was_delegated]
        .into_iter()
        .map(|case| case.time_limit(Duration::from_secs(60)))
        .collect()
}

fn with_a_real_systemd_limits_hold_in_a_scope_that_was_delegated() -> Result<()> {
    need_cgroups()?;
    needs::root()?;
    let tree = Machine::observe()?.hierarchy_of(Controller::Memory).cloned().context("no memory controller")?;
    needs::that(tree.version == Version::V2, "cgroup v2")?;
    for program in ["unshare", "nsenter", "setpriv", "systemd-run", "dbus-daemon"] {
        needs::program(program)?;
    }
    let systemd = Systemd::boot(&tree.mount_point)?;

    // As after a login by ssh: in a cgroup that root's systemd made, and nobody delegated.
    let session = systemd.cgroup.join(format!("user.slice/user-{UID}.slice/session-1.scope"));
    fs::create_dir(&session)?;
    let user = format!("setpriv --reuid {UID} --regid {UID} --clear-groups");
    let of_the_user = systemd.run_from(&session, &user)?;
    let scope = format!("user@{UID}.service/app.slice/coracle-");
    ensure!(of_the_user.contains(&scope) && of_the_user.contains(".scope/coracle-"), "{of_the_user}");
    ensure!(of_the_user.contains(&(32 << 20).to_string()), "{of_the_user}");

    // Root could write anywhere; but there too systemd would take the controllers back.
    let of_root = systemd.run_from(&session, "")?;
    ensure!(of_root.contains("system.slice/coracle-") && of_root.contains(".scope/coracle-"), "{of_root}");
    ensure!(of_root.contains(&(32 << 20).to_string()), "{of_root}");
    expect_nothing_left()
}

/// A machine of systemd's within the lab. Dropped, it ends, and its cgroups are removed.
struct Systemd {
    unshare: Child,
    /// Its PID 1, as numbered outside.
    init: String,
    cgroup: PathBuf,
}

impl Systemd {
    fn boot(top: &Path) -> Result<Systemd> {
        fs::write(top.join("cgroup.subtree_control"), "+cpu +memory +pids")?;
        let cgroup = top.join("machine");
        fs::create_dir(&cgroup)?;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kernel/systemd.sh");
        let mut unshare = Command::new("unshare");
        unshare.args(["--pid", "--mount", "--ipc", "--fork", "--mount-proc", "--kill-child", "sh", script]);
        let unshare = unshare.arg(&cgroup).arg(UID).spawn()?;
        let children = format!("/proc/{0}/task/{0}/children", unshare.id());
        let mut systemd = Systemd { unshare, init: String::new(), cgroup };
        eventually_within(patiently(Duration::from_secs(5)), "systemd's first process", || {
            systemd.init = fs::read_to_string(&children)?.trim().to_string();
            Ok(!systemd.init.is_empty())
        })?;
        let socket = format!("/proc/{}/root/run/user/{UID}/systemd/private", systemd.init);
        eventually_within(
            patiently(Duration::from_secs(20)),
            "the user's manager",
            || Ok(Path::new(&socket).exists()),
        )?;
        Ok(systemd)
    }

    /// What a container says of its cgroup and its limit that is started in `session`. The container
    /// has no cgroup namespace, so it sees its whole path.
    fn run_from(&self, session: &Path, as_whom: &str) -> Result<String> {
        let look = "cgroup=$(cut -d : -f 3 /proc/self/cgroup); echo $cgroup; cat /sys/fs/cgroup$cgroup/memory.max";
        let limits = "--namespaces user,mount,pid --memory 32m --pids-limit 20 --cpus 0.5";
        let run = format!(
            "echo 0 >{}/cgroup.procs; exec {as_whom} env -i HOME=/tmp/home PATH=/usr/bin:/bin {} --root /tmp/{} run \
             --rootfs {} {limits} -- sh -c '{look}'",
            session.display(),
            env!("CARGO_BIN_EXE_ch03-cgroups"),
            if as_whom.is_empty() { "roots-store" } else { "users-store" },
            small_root(),
        );
        succeeds(Command::new("nsenter").args(["--target", &self.init, "--pid", "--mount", "--ipc", "sh", "-c", &run]))
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        // Its PID 1 dies with it (--kill-child), and all of its processes with that.
        let _ = self.unshare.kill();
        let _ = self.unshare.wait();
        let _ = eventually_within(patiently(Duration::from_secs(5)), "the cgroups to be empty", || {
            remove(&self.cgroup);
            Ok(!self.cgroup.exists())
        });
    }
}

/// A cgroup and those below it, as far as they are empty.
fn remove(cgroup: &Path) {
    for entry in fs::read_dir(cgroup).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir()) {
        remove(&entry.path());
    }
    let _ = fs::remove_dir(cgroup);
}
