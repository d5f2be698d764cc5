//! What / is.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases};

use crate::boxes;
use crate::running::{self, Running, expect_empty_store, here, is_root, says};

pub fn cases() -> Vec<Case> {
    cases![
        a_shell_runs_in_the_default_root_and_sees_nothing_of_the_hosts,
        only_the_containers_own_mounts_are_left_after_the_change_of_root,
        a_write_stays_inside_and_is_gone_with_the_container,
        the_default_programs_work,
        any_set_of_namespaces_with_mount_gets_a_root,
        a_given_root_may_be_relative_or_a_link,
        a_given_root_keeps_what_is_written,
        the_working_directory_is_inside_and_made_if_missing,
        a_working_directory_outside_is_refused,
        a_read_only_root_takes_no_write_and_volumes_do,
        the_working_directory_of_the_caller_does_not_come_in,
    ]
}

fn a_shell_runs_in_the_default_root_and_sees_nothing_of_the_hosts() -> Result<()> {
    fs::write("/tmp/secret", "the host's")?;
    let entries = says(&[], "ls /; test ! -e /tmp/secret")?;
    ensure!(entries.split_whitespace().any(|name| name == "proc"), "{entries}");
    let running = Running::start(&[], "pwd;")?;
    ensure!(running.said == "/\n", "it began in {}", running.said);
    expect_empty_store().err().context("a running container has no state directory")?;
    drop(running);
    expect_empty_store()
}

fn only_the_containers_own_mounts_are_left_after_the_change_of_root() -> Result<()> {
    let running = Running::start(&[], "")?;
    let mounts = running.mounts()?;
    let mut places: Vec<_> = mounts.iter().map(|mount| boxes::text(&mount.mount_point)).collect();
    places.retain(|place| !place.starts_with("/sys/") && !place.starts_with("/dev/"));
    // /usr, or on machines where /bin and /lib are no links into it, those too.
    places.retain(|place| !["/bin", "/sbin", "/lib", "/lib64"].contains(&place.as_str()));
    ensure!(places == ["/", "/usr", "/proc", "/sys", "/dev"], "{places:?}");
    ensure!(mounts.iter().all(|mount| mount.is_private()), "a mount is not private: {mounts:#?}");
    let of = |place: &str| mounts.iter().find(|mount| mount.mount_point == Path::new(place)).context("no such mount");
    ensure!(of("/usr")?.is_read_only() && of("/sys")?.is_read_only() && !of("/")?.is_read_only());
    for place in ["/proc", "/sys", "/dev/shm"] {
        for option in ["nosuid", "nodev", "noexec"] {
            ensure!(of(place)?.options.iter().any(|known| known == option), "{place} is not {option}");
        }
    }
    Ok(())
}

fn a_write_stays_inside_and_is_gone_with_the_container() -> Result<()> {
    let marks = "/etc/mark /var/mark /root/mark /tmp/mark /home/mark /mark";
    says(&[], &format!("for mark in {marks}; do echo x >$mark || exit 1; done"))?;
    for mark in marks.split(' ') {
        ensure!(!Path::new(mark).exists(), "{mark} reached the host");
    }
    says(&[], &format!("for mark in {marks}; do test ! -e $mark || exit 1; done"))?;
    Ok(())
}

fn the_default_programs_work() -> Result<()> {
    let said = says(
        &[],
        "whoami; id -u; ps -o pid= -p 1; printf 'b\\na\\n' | sort | head -n 1; hostname >/dev/null; mount | head -n 1",
    )?;
    let lines: Vec<_> = said.lines().map(str::trim).collect();
    ensure!(lines[..4] == ["root", "0", "1", "a"] && lines[4].starts_with("tmpfs on / "), "{lines:?}");
    Ok(())
}

fn any_set_of_namespaces_with_mount_gets_a_root() -> Result<()> {
    let mut sets = vec!["user,mount", "user,mount,pid", "user,mount,net", "user,mount,ipc", "all"];
    if is_root() {
        sets.extend(["mount", "mount,pid", "mount,net,ipc", "cgroup,ipc,mount,net,pid,time,uts"]);
    }
    for set in sets {
        let script = "test -d /proc/self && test -d /sys/kernel && echo x >/dev/null && ! (echo x >/sys/mark) 2>/dev/null && ls -d /proc/[0-9]* | head -n 3";
        let said = says(&["--namespaces", set], script)?;
        let own = set.contains("pid") || set == "all";
        ensure!(!own || said.lines().next() == Some("/proc/1") && said.lines().count() <= 3, "{set}: {said}");
        says(&["--namespaces", set, "--init"], "true")?;
    }
    let running = Running::start(&["--namespaces", "all"], "")?;
    let joined = format!("net={}", running.pid);
    if is_root() {
        // A network namespace of another user namespace's.
        says(&["--join", &joined, "--namespaces", "user,mount,pid"], "test -d /sys/kernel")?;
        says(&["--join", &joined], "test -d /sys/kernel")?;
    }
    Ok(())
}

fn a_given_root_may_be_relative_or_a_link() -> Result<()> {
    let root = boxes::small("box")?;
    symlink("/tmp/box", "/tmp/link")?;
    fs::create_dir("/tmp/elsewhere")?;
    symlink("../box", "/tmp/elsewhere/up")?;
    fs::write(root.join("mark"), "here")?;
    for (directory, name) in [
        ("/tmp", "box"),
        ("/tmp", "./box/"),
        ("/tmp", "link"),
        ("/tmp/elsewhere", "up"),
        ("/", "tmp/box"),
        ("/tmp/box", "."),
    ] {
        let mut command: Command = running::run(&["--rootfs", name], "cat /mark");
        let output = command.current_dir(directory).output()?;
        ensure!(
            output.status.success() && output.stdout == b"here",
            "{name} in {directory}: {}",
            running::format_output(&output)
        );
    }
    Ok(())
}

fn a_given_root_keeps_what_is_written() -> Result<()> {
    let root = boxes::small("box")?;
    says(&["--rootfs", "/tmp/box"], "echo kept >/mark")?;
    ensure!(fs::read_to_string(root.join("mark"))? == "kept\n");
    // Mounts were made in the container's own table: here the places are empty directories.
    ensure!(boxes::names(&root.join("proc"))?.is_empty() && boxes::names(&root.join("dev"))?.is_empty());
    Ok(())
}

fn the_working_directory_is_inside_and_made_if_missing() -> Result<()> {
    ensure!(says(&["-w", "/usr/bin"], "pwd")? == "/usr/bin");
    ensure!(says(&["-w", "/srv/new/deep"], "pwd; stat -c %a .")? == "/srv/new/deep\n755");
    let running = Running::start(&["-w", "/root"], "")?;
    ensure!(fs::read_link(format!("/proc/{}/cwd", running.pid))? == Path::new("/root"));
    // A link is taken as the container means it.
    let root = boxes::small("box")?;
    fs::create_dir("/tmp/outside")?;
    symlink("/tmp/outside", root.join("way"))?;
    let output = running::run(&["--rootfs", "/tmp/box", "-w", "/way"], "pwd").output()?;
    ensure!(output.status.code() == Some(125), "{}", running::format_output(&output));
    fs::create_dir_all(root.join("tmp/outside"))?;
    ensure!(says(&["--rootfs", "/tmp/box", "-w", "/way"], "pwd -P")? == "/tmp/outside");
    ensure!(boxes::names(Path::new("/tmp/outside"))?.is_empty());
    Ok(())
}

fn a_working_directory_outside_is_refused() -> Result<()> {
    // A directory that a careless caller leaves open (CVE-2024-21626).
    let leaked = fs::File::open("/")?;
    nix::fcntl::fcntl(&leaked, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty()))?;
    let number = std::os::fd::AsRawFd::as_raw_fd(&leaked);
    let directories = (3..=number + 12).map(|number| format!("/proc/self/fd/{number}"));
    for directory in directories.chain(["/proc/1/root".into(), "/proc/1/cwd".into(), "/etc/passwd".into()]) {
        let output = running::run(&["-w", &directory], "true").output()?;
        ensure!(output.status.code() == Some(125), "{directory}: {}", running::format_output(&output));
    }
    expect_empty_store()
}

fn a_read_only_root_takes_no_write_and_volumes_do() -> Result<()> {
    fs::create_dir("/tmp/data")?;
    let root = boxes::small("box")?;
    let script =
        "(echo x >/mark) 2>&1 || echo refused; echo x >/data/mark && echo x >/scratch/mark && echo x >/dev/shm/mark";
    for root_flags in [vec![], vec!["--rootfs", "/tmp/box"], vec!["--rootfs", "/tmp/box", "--chroot"]] {
        let mut args = vec!["--read-only", "-v", "/tmp/data:/data", "--tmpfs", "/scratch"];
        args.extend(root_flags);
        let said = says(&args, script)?;
        ensure!(said.ends_with("refused") && said.contains("Read-only"), "{args:?}: {said}");
    }
    ensure!(Path::new("/tmp/data/mark").exists() && !root.join("mark").exists());
    // The root is the host's to write to, as before.
    fs::write(root.join("mark"), "")?;
    Ok(())
}

fn the_working_directory_of_the_caller_does_not_come_in() -> Result<()> {
    let running = Running::start(&[], "")?;
    let root =
        |pid: i32| fs::metadata(format!("/proc/{pid}/root/.")).map(|meta| std::os::unix::fs::MetadataExt::dev(&meta));
    ensure!(root(running.pid)? != root(here())?, "both have one root");
    let fds = lab::observe::open_fds(running.pid)?;
    ensure!(fds.keys().copied().eq([0, 1, 2]), "open inside: {fds:?}");
    let mode = fs::metadata(format!("/proc/{}/root/tmp", running.pid))?.permissions().mode() & 0o7777;
    ensure!(mode == 0o1777, "/tmp has mode {mode:o} (root: {})", is_root());
    Ok(())
}
