//! Ordinary users: with a cgroup that was delegated, and without.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use ch03_cgroups::controller::{Controller, Version};
use ch03_cgroups::machine::Machine;
use testkit::{Case, cases, needs};

use crate::running::{cgroups_can_be_made, expect_nothing_left, format_output, need_cgroups, run, small_root};

pub fn cases() -> Vec<Case> {
    let in_a_lab = cases![
        without_a_cgroup_a_limit_is_refused_with_the_reason,
        without_limits_a_user_needs_no_cgroup,
        with_a_cgroup_that_was_delegated_limits_hold,
        what_was_not_delegated_is_not_counted_nor_changed,
        below_a_cgroup_that_was_delegated_a_parent_can_be_named,
        a_parent_outside_of_what_was_delegated_is_refused_with_that_reason,
        in_a_cgroup_that_was_delegated_processes_may_come_and_go,
        what_systemd_has_not_delegated_is_refused_and_what_it_has_is_kept_to,
    ];
    let on_the_machine = cases![
        where_there_is_a_user_manager_a_scope_is_asked_for,
        a_user_whose_scope_is_refused_hears_the_managers_words,
        a_user_whose_scope_is_elsewhere_asks_for_one_once,
    ];
    [in_a_lab, on_the_machine.into_iter().map(Case::on_the_machine).collect()].concat()
}

fn need_no_cgroup() -> Result<()> {
    needs::ordinary_user()?;
    needs::user_namespaces()?;
    needs::that(!cgroups_can_be_made(), "an ordinary user without a cgroup")
}

fn without_a_cgroup_a_limit_is_refused_with_the_reason() -> Result<()> {
    need_no_cgroup()?;
    let output = run(&["--memory", "64m"], "echo it ran").env_remove("XDG_RUNTIME_DIR").output()?;
    let said = format_output(&output);
    ensure!(output.status.code() == Some(125) && !said.contains("it ran"), "{said}");
    // In a lab, the machine's v1 trees may be mounted at a part that isn't ours.
    let reasons = ["an ordinary user may make no cgroups here", "not the part that this process is in"];
    ensure!(reasons.iter().any(|reason| said.contains(reason)) && said.contains("cure:"), "{said}");
    expect_nothing_left()
}

fn without_limits_a_user_needs_no_cgroup() -> Result<()> {
    need_no_cgroup()?;
    let output = run(&[], "echo it ran").output()?;
    ensure!(output.status.success() && format_output(&output).contains("it ran"), "{}", format_output(&output));
    expect_nothing_left()
}

/// On the machine itself: in a lab, the machine's trees begin elsewhere. Nothing is made but a few
/// files in a directory of its own.
fn where_there_is_a_user_manager_a_scope_is_asked_for() -> Result<()> {
    need_no_cgroup()?;
    let all_on_v2 = Machine::observe()?.hierarchies.iter().all(|hierarchy| hierarchy.version == Version::V2);
    needs::that(all_on_v2, "cgroup v2")?;
    let said = format_output(&with_a_manager("echo \"$@\"")?);
    ensure!(said.contains("--user --scope") && said.contains("Delegate=yes --unit=coracle-"), "{said}");
    ensure!(said.contains("run --memory 64m -- true"), "{said}");
    Ok(())
}

fn a_user_whose_scope_is_refused_hears_the_managers_words() -> Result<()> {
    need_no_cgroup()?;
    let all_on_v2 = Machine::observe()?.hierarchies.iter().all(|hierarchy| hierarchy.version == Version::V2);
    needs::that(all_on_v2, "cgroup v2")?;
    let output = with_a_manager("echo Job failed. >&2; exit 1")?;
    let said = format_output(&output);
    ensure!(output.status.code() == Some(125) && said.contains("Job failed."), "{said}");
    ensure!(said.contains("cause:") && said.contains("cure:"), "{said}");
    Ok(())
}

/// A systemd-run that does as it is told, and leaves us where we were.
fn a_user_whose_scope_is_elsewhere_asks_for_one_once() -> Result<()> {
    need_no_cgroup()?;
    let all_on_v2 = Machine::observe()?.hierarchies.iter().all(|hierarchy| hierarchy.version == Version::V2);
    needs::that(all_on_v2, "cgroup v2")?;
    let output = with_a_manager("while [ \"$1\" != -- ]; do shift; done; shift; echo asked >&2; exec \"$@\"")?;
    let said = format_output(&output);
    // What a scope was tried with says nothing.
    ensure!(output.status.code() == Some(125) && said.matches("asked").count() == 1, "{said}");
    ensure!(said.contains("cure:"), "{said}");
    Ok(())
}

/// With a manager to be seen, and a systemd-run that only does what `script` says.
fn with_a_manager(script: &str) -> Result<Output> {
    let directory = tempfile::tempdir()?;
    let (runtime, programs) = (directory.path().join("runtime"), directory.path().join("bin"));
    fs::create_dir_all(runtime.join("systemd"))?;
    fs::write(runtime.join("systemd/private"), "")?;
    fs::create_dir(&programs)?;
    let program = programs.join("systemd-run");
    fs::write(&program, format!("#!/bin/sh\n{script}\n"))?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_ch03-cgroups"));
    command.args(["run", "--memory", "64m", "--", "true"]).env("XDG_RUNTIME_DIR", &runtime);
    command.env("PATH", format!("{}:{}", programs.display(), std::env::var("PATH")?));
    Ok(command.output()?)
}

fn delegated_on_v2() -> Result<PathBuf> {
    need_cgroups()?;
    needs::root()?;
    needs::program("setpriv")?;
    let memory = Machine::observe()?.hierarchy_of(Controller::Memory).cloned().context("no memory controller")?;
    needs::that(memory.version == Version::V2, "cgroup v2")?;
    delegated(&memory.mount_point, "handed")
}

fn with_a_cgroup_that_was_delegated_limits_hold() -> Result<()> {
    let top = delegated_on_v2()?;
    let container = "cat /sys/fs/cgroup/memory.max; tail /dev/zero";
    let limits = "--memory 32m --memory-swap 32m --pids-limit 9";
    let output = as_user_in(&top, &format!("{limits} -- sh -c '{container}'"))?;
    let said = format_output(&output);
    ensure!(said.contains(&format!("{}", 32 << 20)) && said.contains("the kernel killed 1"), "{said}");
    ensure!(output.status.code() == Some(137), "{said}");
    expect_nothing_left()
}

fn what_was_not_delegated_is_not_counted_nor_changed() -> Result<()> {
    let top = delegated_on_v2()?;
    fs::write(top.parent().context("no parent")?.join("cgroup.subtree_control"), "-io")?;
    let create = format!("create --rootfs {} --name boat -- sleep 60", small_root());
    let does = |arguments: &str| Ok::<_, anyhow::Error>(format_output(&user_does(&top, arguments)?));
    let id = does(&create)?;
    let stats = does("stats --format json boat")?;
    let table = does("stats boat")?;
    let updated = does("update --io-weight 500 boat")?;
    does("rm --force boat")?;
    ensure!(stats.contains("\"io\":null") && stats.contains("\"pids\":{\"current\":1"), "{id}\n{stats}");
    ensure!(table.lines().any(|line| line.trim_end().ends_with(" -")), "{table}");
    ensure!(updated.contains("no cgroup with the controller blkio") && updated.contains("cure:"), "{updated}");
    expect_nothing_left()
}

/// The shell that names it is in the cgroup above, and has to make room there.
fn below_a_cgroup_that_was_delegated_a_parent_can_be_named() -> Result<()> {
    let top = delegated_on_v2()?;
    for arguments in ["--cgroup-parent boats --memory 32m --pids-limit 9", "--memory 32m --cpus 0.5"] {
        let output = as_user_in(&top, &format!("{arguments} -- cat /sys/fs/cgroup/memory.max"))?;
        ensure!(format_output(&output).contains(&(32 << 20).to_string()), "{arguments}: {}", format_output(&output));
    }
    let kind = fs::read_to_string(top.join("cgroup.type"))?;
    ensure!(kind == "domain\n", "a cgroup that was delegated is {kind}");
    expect_nothing_left()
}

fn a_parent_outside_of_what_was_delegated_is_refused_with_that_reason() -> Result<()> {
    let top = delegated_on_v2()?;
    for parent in ["/boats", "/"] {
        let output = as_user_in(&top, &format!("--cgroup-parent {parent} -- true"))?;
        let said = format_output(&output);
        ensure!(output.status.code() == Some(125) && said.contains("lies outside of it"), "{parent}: {said}");
        ensure!(said.contains("/handed") && said.contains("without a slash in front"), "{parent}: {said}");
    }
    // From the top of the tree, too, what was delegated can be named.
    let output = as_user_in(&top, "--cgroup-parent /handed/boats -- true")?;
    ensure!(output.status.success(), "{}", format_output(&output));
    expect_nothing_left()
}

fn in_a_cgroup_that_was_delegated_processes_may_come_and_go() -> Result<()> {
    let top = delegated_on_v2()?;
    let busy = format!("echo 0 >{}/cgroup.procs; while :; do /bin/true; done", top.display());
    let mut busy = Command::new("sh").args(["-c", &busy]).spawn()?;
    let outputs: Vec<_> = (0..4).map(|_| as_user_in(&top, "--memory 32m -- true")).collect::<Result<_>>()?;
    busy.kill()?;
    busy.wait()?;
    for output in outputs {
        ensure!(output.status.success(), "{}", format_output(&output));
    }
    expect_nothing_left()
}

/// A desktop's terminal: all the cgroups are the user's files, and systemd's to change.
fn what_systemd_has_not_delegated_is_refused_and_what_it_has_is_kept_to() -> Result<()> {
    need_cgroups()?;
    needs::root()?;
    needs::program("setpriv")?;
    let memory = Machine::observe()?.hierarchy_of(Controller::Memory).cloned().context("no memory controller")?;
    needs::that(memory.version == Version::V2, "cgroup v2")?;
    let slice = delegated(&memory.mount_point, "app.slice")?;
    let (terminal, ours) = (delegated(&slice, "vte-1.scope")?, delegated(&slice, "coracle-1.scope")?);

    let refused = as_user_in(&terminal, "--memory 32m -- echo it ran")?;
    let said = format_output(&refused);
    ensure!(said.contains("may make no cgroups here") && !said.contains("it ran"), "{said}");
    let mut before = fs::read_dir(&slice)?.flatten().map(|entry| entry.file_name());
    ensure!(!before.any(|name| name.to_string_lossy().starts_with("coracle-") && name != "coracle-1.scope"));

    // The container's own view begins at its cgroup; who asks from outside sees where that is.
    let output = as_user_in(&ours, "--namespaces user,mount,pid --memory 32m -- cat /proc/self/cgroup")?;
    let said = format_output(&output);
    ensure!(said.contains("/app.slice/coracle-1.scope/coracle-"), "{said}");
    for cgroup in [terminal, ours.join("coracle-supervisor"), ours, slice] {
        fs::remove_dir(&cgroup).with_context(|| format!("rmdir {}", cgroup.display()))?;
    }
    expect_nothing_left()
}

/// A cgroup that belongs to user 12345. Its limits' files exist once the cgroup above gives the
/// controllers; who hands a cgroup over sees to that.
fn delegated(above: &Path, name: &str) -> Result<PathBuf> {
    fs::write(above.join("cgroup.subtree_control"), "+cpu +memory +pids")?;
    let cgroup = above.join(name);
    fs::create_dir(&cgroup)?;
    for file in ["", "cgroup.procs", "cgroup.subtree_control"] {
        chown(cgroup.join(file), Some(12345), Some(12345))?;
    }
    Ok(cgroup)
}

/// `run ARGUMENTS` as user 12345, from within a cgroup; where room was made in it, from where its
/// processes are.
fn as_user_in(cgroup: &Path, arguments: &str) -> Result<Output> {
    user_does(cgroup, &format!("run --rootfs {} {arguments}", small_root()))
}

/// The same for any verb.
fn user_does(cgroup: &Path, arguments: &str) -> Result<Output> {
    let leaf = cgroup.join("coracle-supervisor");
    let cgroup = if leaf.exists() { &leaf } else { cgroup };
    let script = format!(
        "echo 0 >{}/cgroup.procs; exec setpriv --reuid 12345 --regid 12345 --clear-groups env HOME=/tmp/home \
         {} --root /tmp/users-store {arguments}",
        cgroup.display(),
        env!("CARGO_BIN_EXE_ch03-cgroups"),
    );
    Ok(Command::new("sh").args(["-c", &script]).env("RUST_BACKTRACE", "0").output()?)
}
