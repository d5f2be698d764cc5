//! Ordinary users: with a group that was handed over, and without.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use ch03_cgroups::controller::{Controller, Version};
use ch03_cgroups::machine::Machine;
use testkit::{Case, cases, needs};

use crate::running::{expect_nothing_left, groups_can_be_made, need_groups, run, shown, small_root};

pub fn cases() -> Vec<Case> {
    let in_a_lab = cases![
        without_a_group_a_limit_is_refused_with_the_reason,
        without_limits_a_user_needs_no_group,
        with_a_group_that_was_handed_over_limits_hold,
    ];
    let on_the_machine = cases![where_there_is_a_user_manager_a_scope_is_asked_for];
    [in_a_lab, on_the_machine.into_iter().map(Case::on_the_machine).collect()].concat()
}

fn need_no_group() -> Result<()> {
    needs::ordinary_user()?;
    needs::user_namespaces()?;
    needs::that(!groups_can_be_made(), "an ordinary user without a cgroup")
}

fn without_a_group_a_limit_is_refused_with_the_reason() -> Result<()> {
    need_no_group()?;
    let output = run(&["--memory", "64m"], "echo it ran").env_remove("XDG_RUNTIME_DIR").output()?;
    let said = shown(&output);
    ensure!(output.status.code() == Some(125) && !said.contains("it ran"), "{said}");
    // In a lab, the machine's v1 trees may be mounted at a part that isn't ours.
    let reasons = ["an ordinary user may make no groups here", "not the part that this process is in"];
    ensure!(reasons.iter().any(|reason| said.contains(reason)) && said.contains("cure:"), "{said}");
    expect_nothing_left()
}

fn without_limits_a_user_needs_no_group() -> Result<()> {
    need_no_group()?;
    let output = run(&[], "echo it ran").output()?;
    ensure!(output.status.success() && shown(&output).contains("it ran"), "{}", shown(&output));
    expect_nothing_left()
}

/// On the machine itself: in a lab, the machine's trees begin elsewhere. Nothing is made but a few files in a folder of its own.
fn where_there_is_a_user_manager_a_scope_is_asked_for() -> Result<()> {
    need_no_group()?;
    let all_on_v2 = Machine::look()?.hierarchies.iter().all(|hierarchy| hierarchy.version == Version::V2);
    needs::that(all_on_v2, "cgroup v2")?;
    // A manager to be seen, and a systemd-run that only says how it was called.
    let folder = tempfile::tempdir()?;
    let (runtime, programs) = (folder.path().join("runtime"), folder.path().join("bin"));
    fs::create_dir_all(runtime.join("systemd"))?;
    fs::write(runtime.join("systemd/private"), "")?;
    fs::create_dir(&programs)?;
    let program = programs.join("systemd-run");
    fs::write(&program, "#!/bin/sh\necho \"$CORACLE_SCOPE $@\"\n")?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    let output = Command::new(env!("CARGO_BIN_EXE_ch03-cgroups"))
        .args(["run", "--memory", "64m", "--", "true"])
        .env("PATH", format!("{}:{}", programs.display(), std::env::var("PATH")?))
        .env("XDG_RUNTIME_DIR", &runtime)
        .output()?;
    let said = shown(&output);
    ensure!(said.contains("1 --user --scope") && said.contains("Delegate=yes -- "), "{said}");
    ensure!(said.contains("run --memory 64m -- true"), "{said}");
    Ok(())
}

fn with_a_group_that_was_handed_over_limits_hold() -> Result<()> {
    need_groups()?;
    needs::root()?;
    needs::program("setpriv")?;
    let memory = Machine::look()?.hierarchy_of(Controller::Memory).cloned().context("no memory controller")?;
    needs::that(memory.version == Version::V2, "cgroup v2")?;
    let top = memory.mount_point.join("handed");
    fs::create_dir(&top)?;
    for name in ["", "cgroup.procs", "cgroup.subtree_control"] {
        chown(top.join(name), Some(12345), Some(12345))?;
    }
    // The limits' files exist once the group above gives the controllers; who hands a group over sees to that.
    fs::write(memory.mount_point.join("cgroup.subtree_control"), "+memory +pids")?;
    let container = "cat /sys/fs/cgroup/memory.max; tail /dev/zero";
    let script = format!(
        "echo 0 >{0}/cgroup.procs; exec setpriv --reuid 12345 --regid 12345 --clear-groups env HOME=/tmp/home \
         {1} --root /tmp/users-store run --rootfs {2} --memory 32m --memory-swap 32m --pids-limit 9 -- sh -c '{container}'",
        top.display(),
        env!("CARGO_BIN_EXE_ch03-cgroups"),
        small_root(),
    );
    let output = Command::new("sh").args(["-c", &script]).env("RUST_BACKTRACE", "0").output()?;
    let said = shown(&output);
    ensure!(said.contains(&format!("{}", 32 << 20)) && said.contains("the kernel killed 1"), "{said}");
    ensure!(output.status.code() == Some(137), "{said}");
    expect_nothing_left()
}
