//! /dev.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use nix::mount::{MsFlags, mount};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use testkit::{Case, cases, needs};

use crate::running::{self, says};

pub fn cases() -> Vec<Case> {
    cases![
        dev_has_exactly_what_every_container_has,
        the_devices_work,
        the_hosts_nodes_are_not_changed_from_inside,
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
    ensure!(output.status.success(), "{}", running::format_output(&output));
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

fn the_hosts_nodes_are_not_changed_from_inside() -> Result<()> {
    needs::root()?;
    // Nodes that root may change, as on a machine: the lab's own are on read-only mounts.
    mount(Some("nodes"), "/dev", Some("tmpfs"), MsFlags::empty(), None::<&str>)?;
    for (name, major, minor) in ch02_rootfs::mounts::DEVICES {
        let path = format!("/dev/{name}");
        mknod(path.as_str(), SFlag::S_IFCHR, Mode::from_bits_truncate(0o666), makedev(major, minor))?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    }
    let nodes = || {
        let node = |(name, ..): (&str, u64, u64)| {
            std::fs::metadata(format!("/dev/{name}")).map(|it| (it.mode(), it.uid(), it.mtime()))
        };
        ch02_rootfs::mounts::DEVICES.into_iter().map(node).collect::<Result<Vec<_>, _>>()
    };
    let before = nodes()?;
    let script = "cd /dev; chmod 640 null zero full random urandom tty; chown 1 full; touch -d 1999-01-01 full; \
                  echo x >/dev/null && ! echo x 2>/dev/null >/dev/full && echo works";
    // In a user namespace the nodes are the host's. Without one they are the container's own.
    for args in [&["--namespaces", "user,mount,pid,uts"][..], &[]] {
        ensure!(says(args, script)? == "works", "{args:?}");
        ensure!(nodes()? == before, "{args:?}: {before:?} became {:?}", nodes()?);
    }
    Ok(())
}
