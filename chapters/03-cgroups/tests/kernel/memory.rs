//! Memory: proven by who is killed and who is not, and by the kernel's count.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases, needs};

use crate::running::{
    self, Running, expect_nothing_left, format_output, need_cgroups, number, program, says, succeeds,
};

pub fn cases() -> Vec<Case> {
    cases![
        a_hog_is_killed_and_counted_and_said,
        whoever_is_killed_for_a_limit_above_hears_that,
        whoever_is_killed_for_a_limit_below_hears_that,
        what_fits_is_not_killed,
        swap_is_limited_as_docker_does,
        a_reservation_and_a_score_arrive,
        an_update_below_what_is_in_use_is_refused_and_kills_nobody,
    ]
}

const HELD: [&str; 4] = ["--memory", "32m", "--memory-swap", "32m"];

fn a_hog_is_killed_and_counted_and_said() -> Result<()> {
    need_cgroups()?;
    // Its PID 1 is killed: the container's end is 137, and `run` says why.
    let output = running::run(&HELD, "exec tail /dev/zero").output()?;
    ensure!(output.status.code() == Some(137), "{}", format_output(&output));
    ensure!(
        format_output(&output).contains("came to its memory limit, and the kernel killed 1"),
        "{}",
        format_output(&output)
    );
    // One of its children is killed, and the kernel has counted it.
    let held = Running::start(&HELD, "tail /dev/zero;")?;
    ensure!(held.oom_kills()? == 1, "{} kills", held.oom_kills()?);
    held.end()?;
    expect_nothing_left()
}

fn whoever_is_killed_for_a_limit_above_hears_that() -> Result<()> {
    need_cgroups()?;
    // It makes the cgroup above, and holds it there.
    let held = Running::start(&["--cgroup-parent", "/boats"], "")?;
    let parent = held.directory("memory")?.parent().context("no parent")?.to_path_buf();
    for (file, most) in [
        ("memory.limit_in_bytes", "32m"),
        ("memory.memsw.limit_in_bytes", "32m"),
        ("memory.max", "32m"),
        ("memory.swap.max", "0"),
    ] {
        let file = parent.join(file);
        if file.exists() {
            std::fs::write(file, most)?;
        }
    }
    for flags in [&[][..], &["--memory", "200m"]] {
        let output = running::run(&[&["--cgroup-parent", "/boats"], flags].concat(), "exec tail /dev/zero").output()?;
        let said = format_output(&output);
        ensure!(output.status.code() == Some(137) && said.contains("killed 1 of"), "{said}");
        ensure!(said.contains("a cgroup above") && !said.contains("came to its memory limit"), "{said}");
    }
    held.end()?;
    expect_nothing_left()
}

/// Of a cgroup that something in the container has made for a part of it.
fn whoever_is_killed_for_a_limit_below_hears_that() -> Result<()> {
    need_cgroups()?;
    let mut command = running::run(&["--memory", "200m"], "echo ready; read line; exec tail /dev/zero");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    BufReader::new(child.stdout.as_mut().context("no stdout")?).read_line(&mut String::new())?;
    let pid = *lab::observe::children(child.id() as i32).first().context("no child")?;
    let cgroup = running::directory_of(pid, "memory")?;
    let inner = cgroup.join("inner");
    fs::create_dir(&inner)?;
    fs::write(inner.join("cgroup.procs"), pid.to_string())?;
    let control = cgroup.join("cgroup.subtree_control");
    if control.exists() {
        fs::write(&control, "+memory")?;
    }
    for (file, most) in [
        ("memory.limit_in_bytes", "32m"),
        ("memory.memsw.limit_in_bytes", "32m"),
        ("memory.max", "32m"),
        ("memory.swap.max", "0"),
    ] {
        if inner.join(file).exists() {
            fs::write(inner.join(file), most)?;
        }
    }
    drop(child.stdin.take());
    let output = child.wait_with_output()?;
    let said = format_output(&output);
    ensure!(output.status.code() == Some(137) && said.contains("killed 1 of"), "{said}");
    ensure!(said.contains("inside the container's") && !said.contains("a cgroup above"), "{said}");
    expect_nothing_left()
}

fn what_fits_is_not_killed() -> Result<()> {
    need_cgroups()?;
    // A file in a tmpfs is memory that stays; and what a pipe's reader keeps is let go again.
    let script = "head -c 8000000 /dev/zero >/tmp/file; head -c 8000000 /dev/zero | tail -n 1 | wc -c;";
    let held = Running::start(&HELD, script)?;
    ensure!(held.oom_kills()? == 0);
    let usage = held.counter("memory", ("memory.usage_in_bytes", None), ("memory.current", None))?;
    ensure!(usage >= 8_000_000, "the cgroup was not charged: {usage}");
    held.end()?;
    expect_nothing_left()
}

fn swap_is_limited_as_docker_does() -> Result<()> {
    need_cgroups()?;
    let probe = Running::start(&["--memory", "32m"], "")?;
    let directory = probe.directory("memory")?;
    let (v1, v2) = (directory.join("memory.memsw.limit_in_bytes"), directory.join("memory.swap.max"));
    needs::that(v1.exists() || v2.exists(), "a kernel that counts swap")?;
    drop(probe);
    for (flags, both, alone) in [
        (&["--memory", "32m"][..], 64 << 20, 32 << 20),
        (&["--memory", "32m", "--memory-swap", "48m"], 48 << 20, 16 << 20),
        (&["--memory", "32m", "--memory-swap", "32m"], 32 << 20, 0),
        (&["--memory", "32m", "--memory-swap", "-1"], u64::MAX, u64::MAX),
    ] {
        let held = Running::start(flags, "")?;
        let directory = held.directory("memory")?;
        let v1 = directory.join("memory.memsw.limit_in_bytes");
        if v1.exists() {
            let limit = number(&v1, None)?;
            ensure!(limit == both || (both == u64::MAX && limit > 1 << 62), "{flags:?}: {limit}");
        } else {
            ensure!(number(&directory.join("memory.swap.max"), None)? == alone, "{flags:?}");
        }
        held.end()?;
    }
    expect_nothing_left()
}

fn a_reservation_and_a_score_arrive() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--memory", "64m", "--memory-reservation", "32m", "--oom-score-adj", "500"], "")?;
    let soft = held.counter("memory", ("memory.soft_limit_in_bytes", None), ("memory.low", None))?;
    ensure!(soft == 32 << 20, "{soft}");
    ensure!(number(std::path::Path::new(&format!("/proc/{}/oom_score_adj", held.pid)), None)? == 500);
    held.end()?;
    ensure!(says(&["--oom-score-adj", "100"], "cat /proc/self/oom_score_adj")? == "100");
    expect_nothing_left()
}

fn an_update_below_what_is_in_use_is_refused_and_kills_nobody() -> Result<()> {
    need_cgroups()?;
    // A file in a tmpfs can be taken back by swapping only, and there is no swap.
    let flags = ["--name", "boat", "--memory", "64m", "--memory-swap", "64m"];
    let held = Running::start(&flags, "head -c 20000000 /dev/zero >/tmp/file;")?;
    let limit = || held.counter("memory", ("memory.limit_in_bytes", None), ("memory.max", None));
    let output = program().args(["update", "--memory", "16m", "boat"]).output()?;
    ensure!(
        !output.status.success() && format_output(&output).contains("free memory in the container"),
        "{}",
        format_output(&output)
    );
    ensure!(format_output(&output).contains("the limits stay as they were"), "{}", format_output(&output));
    ensure!(limit()? == 64 << 20 && held.oom_kills()? == 0, "{}, {} kills", limit()?, held.oom_kills()?);
    succeeds(program().args(["update", "--memory", "32m", "boat"]))?;
    ensure!(limit()? == 32 << 20 && held.oom_kills()? == 0, "{}, {} kills", limit()?, held.oom_kills()?);
    held.end()?;
    expect_nothing_left()
}
