//! Where cgroups go, and what is seen of them inside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use ch03_cgroups::controller::{Controller, Version};
use ch03_cgroups::machine::Machine;
use testkit::{Case, cases, needs, refusing};

use crate::running::{Running, directory_of, expect_nothing_left, format_output, need_cgroups, number, run, says};

pub fn cases() -> Vec<Case> {
    cases![
        a_container_sees_its_own_cgroup_as_the_root,
        what_it_sees_it_can_not_change,
        a_limit_above_holds_below,
        a_parent_that_was_made_goes_again_and_one_that_was_there_stays,
        a_parent_goes_with_the_last_of_those_who_share_it,
        of_forty_who_share_a_cgroup_at_once_all_run_and_none_leaves_it,
        a_containers_own_cgroup_is_no_parent_of_anothers,
        a_file_of_a_cgroup_is_no_parent_and_harms_no_later_run,
        a_parent_with_processes_is_refused_on_v2,
        strangers_on_the_way_to_a_parent_are_never_moved,
        a_parent_in_a_unit_of_systemds_is_refused_to_root_too,
        a_threaded_parent_is_refused_with_the_reason,
        it_is_in_its_cgroup_where_there_is_no_clone3,
    ]
}

fn version(controller: Controller) -> Result<Version> {
    Ok(Machine::observe()?.hierarchy_of(controller).context("no such tree")?.version)
}

fn a_container_sees_its_own_cgroup_as_the_root() -> Result<()> {
    need_cgroups()?;
    let file = match version(Controller::Memory)? {
        Version::V1 => "memory/memory.limit_in_bytes",
        Version::V2 => "memory.max",
    };
    let script = format!("cat /sys/fs/cgroup/{file}; cut -d: -f3 /proc/self/cgroup | sort -u");
    ensure!(says(&["--memory", "48m"], &script)? == format!("{}\n/", 48 << 20));
    expect_nothing_left()
}

fn what_it_sees_it_can_not_change() -> Result<()> {
    need_cgroups()?;
    let file = match version(Controller::Pids)? {
        Version::V1 => "pids/pids.max",
        Version::V2 => "pids.max",
    };
    let output = run(&["--pids-limit", "50"], &format!("echo 500 >/sys/fs/cgroup/{file}")).output()?;
    ensure!(!output.status.success() && format_output(&output).contains("Read-only"), "{}", format_output(&output));
    expect_nothing_left()
}

fn a_limit_above_holds_below() -> Result<()> {
    need_cgroups()?;
    let first = Running::start(&["--cgroup-parent", "/boats", "--pids-limit", "100"], "")?;
    let parent = first.directory("pids")?.parent().context("no parent")?.to_path_buf();
    ensure!(parent.ends_with("boats"), "{}", parent.display());
    fs::write(parent.join("pids.max"), "10")?;
    let bomb = "sh -c 'while sleep 60 & do :; done' 2>/dev/null;";
    let second = Running::start(&["--cgroup-parent", "/boats", "--pids-limit", "100"], bomb)?;
    let both = number(&parent.join("pids.current"), None)?;
    ensure!((5..=10).contains(&both), "{both} processes in both together");
    ensure!(number(&second.directory("pids")?.join("pids.max"), None)? == 100);
    second.end()?;
    first.end()?;
    ensure!(!parent.exists(), "the parent was left");
    expect_nothing_left()
}

fn a_parent_that_was_made_goes_again_and_one_that_was_there_stays() -> Result<()> {
    need_cgroups()?;
    let probe = Running::start(&["--pids-limit", "100"], "")?;
    let top = probe.directory("pids")?.parent().context("no parent")?.to_path_buf();
    probe.end()?;
    let kept = top.join("kept");
    fs::create_dir(&kept)?;
    let asked = |name| format!("/{name}/deeper");
    for name in ["kept", "made"] {
        ensure!(run(&["--cgroup-parent", &asked(name), "--pids-limit", "9"], "true").status()?.success());
    }
    ensure!(kept.exists() && !kept.join("deeper").exists(), "{}", kept.display());
    ensure!(!top.join("made").exists());
    fs::remove_dir(&kept)?;
    expect_nothing_left()
}

fn a_parent_goes_with_the_last_of_those_who_share_it() -> Result<()> {
    need_cgroups()?;
    let flags = ["--cgroup-parent", "/boats/red", "--pids-limit", "9"];
    let maker = Running::start(&flags, "")?;
    let parent = maker.directory("pids")?.parent().context("no parent")?.to_path_buf();
    let last = Running::start(&flags, "")?;
    maker.end()?;
    ensure!(parent.exists(), "it went while it was in use");
    last.end()?;
    ensure!(!parent.exists(), "{} was left", parent.display());
    expect_nothing_left()
}

fn of_forty_who_share_a_cgroup_at_once_all_run_and_none_leaves_it() -> Result<()> {
    need_cgroups()?;
    // One by itself makes the store for all.
    ensure!(run(&[], "true").status()?.success());
    let flags = ["--cgroup-parent", "/boats/red", "--pids-limit", "9", "--cpuset-cpus", "0"];
    // A few at a time: the parent comes and goes.
    for _ in 0..10 {
        let running = (0..4).map(|_| run(&flags, "true").stderr(Stdio::piped()).spawn());
        for child in running.collect::<Result<Vec<_>, _>>()? {
            let output = child.wait_with_output()?;
            ensure!(output.status.success(), "{}", format_output(&output));
        }
    }
    expect_nothing_left()
}

fn a_containers_own_cgroup_is_no_parent_of_anothers() -> Result<()> {
    need_cgroups()?;
    let outer = Running::start(&["--pids-limit", "9"], "")?;
    let cgroup = outer.directory("pids")?;
    let name = cgroup.file_name().context("no name")?.to_string_lossy();
    let output = run(&["--cgroup-parent", &format!("/{name}"), "--pids-limit", "9"], "true").output()?;
    let said = format_output(&output);
    ensure!(output.status.code() == Some(125) && said.contains("a container's own cgroup"), "{said}");
    outer.end()?;
    expect_nothing_left()
}

fn a_file_of_a_cgroup_is_no_parent_and_harms_no_later_run() -> Result<()> {
    need_cgroups()?;
    for parent in ["/cgroup.procs", "/cgroup.procs/deeper", "cgroup.procs"] {
        let output = run(&["--cgroup-parent", parent, "--pids-limit", "9"], "true").output()?;
        let said = format_output(&output);
        ensure!(output.status.code() == Some(125) && said.contains("cgroup.procs is a file"), "{parent}: {said}");
        ensure!(run(&[], "true").status()?.success(), "{parent} is in the way of the next run");
    }
    expect_nothing_left()
}

fn a_parent_with_processes_is_refused_on_v2() -> Result<()> {
    need_cgroups()?;
    needs::that(version(Controller::Pids)? == Version::V2, "cgroup v2")?;
    let held = Running::start(&["--cgroup-parent", "/boats"], "")?;
    let busy = held.directory("pids")?.with_file_name("busy");
    fs::create_dir(&busy)?;
    let mut sleeper = Command::new("sleep").arg("60").spawn()?;
    fs::write(busy.join("cgroup.procs"), sleeper.id().to_string())?;
    let output = run(&["--cgroup-parent", "/boats/busy", "--pids-limit", "9"], "true").output()?;
    sleeper.kill()?;
    sleeper.wait()?;
    let said = format_output(&output);
    ensure!(output.status.code() == Some(125) && said.contains("no-internal-processes"), "{said}");
    fs::remove_dir(&busy)?;
    held.end()?;
    expect_nothing_left()
}

/// The top of the v2 tree; skips where the controllers are in another one.
fn v2_top() -> Result<PathBuf> {
    need_cgroups()?;
    let pids = Machine::observe()?.hierarchy_of(Controller::Pids).cloned().context("no such tree")?;
    needs::that(pids.version == Version::V2, "cgroup v2")?;
    Ok(pids.mount_point)
}

fn strangers_on_the_way_to_a_parent_are_never_moved() -> Result<()> {
    let family = v2_top()?.join("fam");
    fs::create_dir(&family)?;
    let mut stranger = Command::new("sleep").arg("60").spawn()?;
    fs::write(family.join("cgroup.procs"), stranger.id().to_string())?;
    let output = run(&["--cgroup-parent", "/fam/deep"], "true").output()?;
    let cgroup = directory_of(stranger.id() as i32, "pids")?;
    let left: Vec<_> = fs::read_dir(&family)?.flatten().filter(|entry| entry.path().is_dir()).collect();
    stranger.kill()?;
    stranger.wait()?;
    let said = format_output(&output);
    ensure!(
        output.status.code() == Some(125) && said.contains("there are processes in") && said.contains("/fam\n"),
        "{said}"
    );
    ensure!(cgroup == family, "the stranger is in {}", cgroup.display());
    ensure!(left.is_empty(), "{left:?} was left");
    fs::remove_dir(&family)?;
    expect_nothing_left()
}

fn a_parent_in_a_unit_of_systemds_is_refused_to_root_too() -> Result<()> {
    let unit = v2_top()?.join("web.service");
    fs::create_dir(&unit)?;
    for parent in ["/web.service", "/web.service/deeper"] {
        let output = run(&["--cgroup-parent", parent], "true").output()?;
        let said = format_output(&output);
        ensure!(output.status.code() == Some(125) && said.contains("was not delegated"), "{said}");
    }
    fs::remove_dir(&unit)?;
    expect_nothing_left()
}

fn a_threaded_parent_is_refused_with_the_reason() -> Result<()> {
    let top = v2_top()?.join("looms");
    let threads = top.join("threads");
    fs::create_dir_all(&threads)?;
    fs::write(threads.join("cgroup.type"), "threaded")?;
    for parent in ["/looms", "/looms/threads", "/looms/deeper"] {
        let output = run(&["--cgroup-parent", parent], "true").output()?;
        let said = format_output(&output);
        ensure!(output.status.code() == Some(125) && said.contains("threaded") && said.contains("cure:"), "{said}");
    }
    fs::remove_dir(&threads)?;
    fs::remove_dir(&top)?;
    expect_nothing_left()
}

fn it_is_in_its_cgroup_where_there_is_no_clone3() -> Result<()> {
    need_cgroups()?;
    let mut command = run(&["--pids-limit", "77"], "echo; read line");
    refusing::one_call(&mut command, libc::SYS_clone3, libc::ENOSYS)?;
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    std::io::Read::read_exact(child.stdout.as_mut().context("no stdout")?, &mut [0])?;
    let pid = *lab::observe::children(child.id() as i32).first().context("no child")?;
    let directory = directory_of(pid, "pids")?;
    ensure!(number(&directory.join("pids.max"), None)? == 77, "it is in {}", directory.display());
    ensure!(directory != Path::new("/sys/fs/cgroup"));
    drop(child.stdin.take());
    child.wait()?;
    expect_nothing_left()
}
