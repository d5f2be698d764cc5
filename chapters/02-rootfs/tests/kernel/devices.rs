//! /dev.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases};

use crate::running::{self, says};

pub fn cases() -> Vec<Case> {
    cases![
        dev_has_exactly_what_every_container_has,
        the_devices_work,
        a_new_terminal_is_the_containers_own,
        a_umask_outside_changes_no_mode_inside,
        the_links_lead_to_the_commands_own_files,
        shared_memory_is_the_containers_own,
    ]
}

const EXPECTED: &str = "console fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero";

fn dev_has_exactly_what_every_container_has() -> Result<()> {
    let names = says(&[], "ls -x -w 0 /dev")?;
    let names: Vec<_> = names.split_whitespace().collect();
    // In a user namespace, mqueue takes an IPC namespace of one's own.
    let expected: Vec<_> = EXPECTED.split(' ').filter(|name| running::is_root() || *name != "mqueue").collect();
    ensure!(names == expected, "{names:?}");
    let numbers = says(&[], "cd /dev; stat -c '%n %F %t:%T' null zero full random urandom tty")?;
    for (line, number) in numbers.lines().zip(["1:3", "1:5", "1:7", "1:8", "1:9", "5:0"]) {
        ensure!(line.ends_with(&format!("character special file {number}")), "{numbers}");
    }
    Ok(())
}

fn the_devices_work() -> Result<()> {
    let script = "echo x >/dev/null && test $(head -c 8 /dev/zero | wc -c) = 8 && test $(head -c 8 /dev/urandom | wc -c) = 8 \
                  && test $(head -c 8 /dev/random | wc -c) = 8 && ! echo x 2>/dev/null >/dev/full && echo all";
    for args in [&[][..], &["--chroot"], &["--namespaces", "mount,pid,uts,ipc,net,user"]] {
        ensure!(says(args, script)? == "all", "{args:?}");
    }
    Ok(())
}

fn a_new_terminal_is_the_containers_own() -> Result<()> {
    let said = says(&[], "exec 3<>/dev/ptmx && stat -c %d /dev/pts && ls /dev/pts")?;
    let (device, terminals) = said.split_once('\n').context("no second line")?;
    ensure!(terminals.split_whitespace().eq(["0", "ptmx"]), "{said}");
    let here = std::fs::metadata("/dev/pts")?.dev();
    ensure!(device.parse::<u64>()? != here, "its terminals are the host's: both are on device {here}");
    Ok(())
}

fn a_umask_outside_changes_no_mode_inside() -> Result<()> {
    let mut command = Command::new("sh");
    command.args(["-c", "umask 077; exec \"$@\"", "sh"]);
    let run = running::run(
        &["-w", "/made", "--tmpfs", "/volume/tmpfs"],
        "stat -c '%a %n' / /dev/null /dev/zero /dev/tty /dev/pts /dev/shm /dev/console /tmp /etc /etc/passwd /usr /usr/bin /usr/bin/env \
         /proc /made /volume /volume/tmpfs; umask",
    );
    command.arg(run.get_program()).args(run.get_args());
    command.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output()?;
    ensure!(output.status.success(), "{}", running::shown(&output));
    let said = String::from_utf8(output.stdout)?;
    let wrong: Vec<_> = said
        .lines()
        .filter(|line| {
            let expected = match line.split_once(' ').map_or("umask", |(_, name)| name) {
                "/dev/null" | "/dev/zero" | "/dev/tty" => "666",
                "/etc/passwd" | "/dev/console" => "644",
                "/dev/shm" | "/tmp" | "/volume/tmpfs" => "1777",
                "/proc" => "555",
                "umask" => "0077", // The command has the caller's.
                _ => "755",
            };
            !line.starts_with(expected)
        })
        .collect();
    ensure!(wrong.is_empty() && said.lines().count() == 18, "{said}\nwrong: {wrong:?}");
    Ok(())
}

fn the_links_lead_to_the_commands_own_files() -> Result<()> {
    ensure!(says(&[], "echo through >/dev/stdout; echo one >/dev/fd/1")? == "through\none");
    ensure!(says(&[], "echo text | cat /dev/stdin")? == "text");
    Ok(())
}

fn shared_memory_is_the_containers_own() -> Result<()> {
    std::fs::write("/dev/shm/theirs", "")?;
    std::fs::set_permissions("/dev/shm/theirs", std::fs::Permissions::from_mode(0o666))?;
    ensure!(says(&[], "ls /dev/shm; echo x >/dev/shm/ours")?.is_empty());
    ensure!(!std::path::Path::new("/dev/shm/ours").exists());
    Ok(())
}
