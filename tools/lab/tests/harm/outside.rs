//! What root does in a lab reaches nothing outside: files, disks, terminals, the firewall.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::Lab;
use lab::observe::{self, By};
use testkit::{Case, eventually, needs, run_to_end};

use crate::labs::{LIMITS, end, in_lab, sleeping};

pub fn cases() -> Vec<Case> {
    testkit::root_cases![
        removing_everything_removes_nothing_outside,
        no_disk_is_in_a_labs_dev_and_none_can_be_made,
        a_terminal_opened_inside_is_the_labs_own,
        a_table_added_inside_stays_inside,
        where_no_cgroup_can_be_made_rlimits_are_said_to_hold,
    ]
}

fn removing_everything_removes_nothing_outside() -> Result<()> {
    for witness in ["/tmp/witness", "/run/witness", "/dev/shm/witness"] {
        fs::write(witness, "still here")?;
    }
    fs::create_dir("/tmp/kept")?;
    fs::write("/tmp/kept/witness", "still here")?;
    let before = observe::mountinfo(std::process::id() as i32)?;
    let script = "exec 2>/dev/null; rm -rf /tmp/* /run/* /var/tmp/* /dev/shm/* /dev/* /etc /usr/bin/true /sys/kernel /sys/fs/cgroup/* /proc/sys
        ls /tmp/kept";
    let done = in_lab(&Lab::new().visible("/tmp/kept"), script)?;
    ensure!(done.stdout.starts_with("witness\n"), "{done:?}");
    for witness in ["/tmp/witness", "/run/witness", "/dev/shm/witness", "/tmp/kept/witness"] {
        ensure!(fs::read_to_string(witness)? == "still here");
    }
    for file in ["/etc/passwd", "/usr/bin/true", "/dev/null", "/sys/kernel"] {
        ensure!(fs::exists(file)?, "{file} is gone");
    }
    ensure!(observe::mountinfo(std::process::id() as i32)? == before);
    Ok(())
}

fn no_disk_is_in_a_labs_dev_and_none_can_be_made() -> Result<()> {
    let script = "find /dev -type b -o -name kmsg -o -name mem -o -name port | wc -l
        mknod /dev/disk b 7 0; mknod /tmp/disk b 7 0; mknod /dev/shm/disk b 7 0
        for disk in /tmp/disk /dev/shm/disk /dev/disk; do head -c 1 $disk >/dev/null 2>&1 && echo read; done
        echo x >/dev/null && head -c 3 /dev/zero | wc -c";
    let done = in_lab(&Lab::new(), script)?;
    ensure!(done.stdout == "0\n3\n", "{done:?}");
    Ok(())
}

fn a_terminal_opened_inside_is_the_labs_own() -> Result<()> {
    needs::program("script")?;
    let terminals = || fs::read_dir("/dev/pts").map(|entries| entries.count());
    let before = terminals()?;
    let mut command = Lab::new().command("script");
    command.args(["--quiet", "--return", "--command", "tty; ls /dev/pts; read line", "/dev/null"]);
    let mut outer = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    observe::program(outer.id() as i32, Duration::from_secs(10))?;
    let on_a_terminal =
        |pid: i32| fs::read_link(format!("/proc/{pid}/fd/0")).is_ok_and(|file| file.starts_with("/dev/pts"));
    eventually("its shell runs on a terminal", || {
        Ok(observe::descendants(outer.id() as i32).into_iter().any(on_a_terminal))
    })?;
    ensure!(terminals()? == before);
    std::io::Write::write_all(outer.stdin.as_mut().context("a pipe")?, b"\n")?;
    let mut said = String::new();
    std::io::Read::read_to_string(outer.stdout.as_mut().context("a pipe")?, &mut said)?;
    ensure!(said.contains("/dev/pts/0"), "{said}");
    ensure!(outer.wait()?.success());
    Ok(())
}

fn a_table_added_inside_stays_inside() -> Result<()> {
    needs::program("nft")?;
    let rules = || run_to_end(nft(&["list", "ruleset"]), Duration::from_secs(10)).map(|done| done.stdout);
    ensure!(run_to_end(nft(&["add", "table", "inet", "outside"]), Duration::from_secs(10))?.status.success());
    let before = rules()?;
    let done = in_lab(&Lab::new(), "nft add table inet inside && nft list ruleset && nft flush ruleset")?;
    ensure!(done.status.success() && done.stdout.contains("inside") && !done.stdout.contains("outside"), "{done:?}");
    ensure!(rules()? == before && before.contains("outside"));
    Ok(())
}

fn nft(arguments: &[&str]) -> Command {
    let mut command = Command::new("nft");
    command.args(arguments);
    command
}

fn where_no_cgroup_can_be_made_rlimits_are_said_to_hold() -> Result<()> {
    // A lab in a lab, whose cgroups are read-only.
    let (outer, program) = sleeping(&Lab::new().limits(LIMITS))?;
    let in_force = observe::limits(program)?;
    ensure!(in_force.memory == Some((By::Rlimit, 128 << 20)), "{in_force:?}");
    // RLIMIT_NPROC doesn't bind the machine's root; then it isn't said to.
    let root = needs::root().is_ok();
    ensure!(in_force.processes == if root { None } else { Some((By::Rlimit, 30)) }, "{in_force:?}");
    end(outer)
}
