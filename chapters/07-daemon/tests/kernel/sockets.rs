//! Who may talk to the daemon, and how many of them there are.

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::process::Command;

use anyhow::{Result, ensure};
use serde_json::Value;
use testkit::{Case, cases, eventually};

use crate::http::SOCKET;
use crate::world::{Daemon, act, daemon_at, inspect, is_up, run};

pub fn cases() -> Vec<Case> {
    cases![
        the_socket_is_for_its_owner_and_one_group_whatever_the_umask,
        the_group_that_was_named_may_connect_and_nobody_else,
        a_group_that_there_is_not_leaves_no_socket,
        the_unit_files_are_valid_and_the_service_takes_the_socket,
        a_second_daemon_on_the_same_data_is_refused_and_disturbs_nothing,
        a_daemon_that_is_told_to_end_takes_its_socket_along,
        a_socket_left_by_a_killed_daemon_is_taken_over,
        what_is_no_socket_is_not_removed_for_one,
        a_socket_that_was_given_is_not_passed_on_and_no_other_is_removed,
    ]
}

fn mode(path: &str) -> Result<u32> {
    let metadata = fs::metadata(path)?;
    ensure!(metadata.file_type().is_socket(), "{path} is no socket");
    Ok(metadata.permissions().mode() & 0o7777)
}

fn the_socket_is_for_its_owner_and_one_group_whatever_the_umask() -> Result<()> {
    for umask in ["000", "077"] {
        let program = env!("CARGO_BIN_EXE_ch07-daemon");
        let script = format!("umask {umask}; exec {program} --root /tmp/store daemon -H unix:///tmp/{umask}.sock");
        let mut daemon = Command::new("sh").args(["-c", &script]).env("XDG_CACHE_HOME", "/tmp/cache").spawn()?;
        let path = format!("/tmp/{umask}.sock");
        let listens = eventually("it listens", || Ok(std::os::unix::net::UnixStream::connect(&path).is_ok()));
        let found = mode(&path);
        daemon.kill()?;
        daemon.wait()?;
        listens?;
        let found = found?;
        ensure!(found == 0o660, "umask {umask}: {found:o}");
    }
    Ok(())
}

fn the_group_that_was_named_may_connect_and_nobody_else() -> Result<()> {
    testkit::needs::root()?;
    testkit::needs::program("curl")?;
    fs::set_permissions("/tmp", fs::Permissions::from_mode(0o1777))?;
    let mut daemon = daemon_at(SOCKET).args(["--group", "daemon"]).spawn()?;
    let listens = eventually("it is up", || Ok(is_up()));
    let group = nix::unistd::Group::from_name("daemon")?.map_or(0, |group| group.gid.as_raw());
    let found = fs::metadata(SOCKET).map(|socket| (socket.gid(), socket.mode() & 0o7777));
    let ping = |gid: u32| {
        let mut curl = Command::new("setpriv");
        curl.args(["--reuid", "65533", "--regid", &gid.to_string(), "--clear-groups", "curl", "-s"]);
        curl.args(["--unix-socket", SOCKET, "http://d/_ping"]).output()
    };
    let (inside, outside) = (ping(group), ping(65533));
    daemon.kill()?;
    daemon.wait()?;
    listens?;
    ensure!(found? == (group, 0o660) && group > 0);
    ensure!(inside?.stdout == b"OK", "a member of the group can't connect");
    ensure!(!outside?.status.success(), "who is not in the group can connect");
    Ok(())
}

fn a_group_that_there_is_not_leaves_no_socket() -> Result<()> {
    let output = daemon_at(SOCKET).args(["--group", "no-such-group"]).output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success() && stderr.contains("there is no group no-such-group"), "{stderr}");
    ensure!(!fs::exists(SOCKET)?, "the daemon left a socket");
    Ok(())
}

/// systemd's own programs read the files, and one of them hands a socket over as systemd would.
fn the_unit_files_are_valid_and_the_service_takes_the_socket() -> Result<()> {
    testkit::needs::program("systemd-analyze")?;
    testkit::needs::program("systemd-socket-activate")?;
    let program = env!("CARGO_BIN_EXE_ch07-daemon");
    fs::create_dir("/tmp/units")?;
    let units = concat!(env!("CARGO_MANIFEST_DIR"), "/systemd");
    let service = fs::read_to_string(format!("{units}/coracle.service"))?;
    let started = service.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap_or_default();
    let args = started.strip_prefix("/usr/local/bin/coracle ").unwrap_or_default();
    ensure!(!args.is_empty(), "{service}");
    ensure!(service.contains("\nKillMode=process\n"), "stopping the service would end the containers");
    fs::write("/tmp/units/coracle.service", service.replace("/usr/local/bin/coracle", program))?;
    fs::copy(format!("{units}/coracle.socket"), "/tmp/units/coracle.socket")?;
    let files = ["/tmp/units/coracle.service", "/tmp/units/coracle.socket"];
    let checked = Command::new("systemd-analyze").args(["--man=no", "verify"]).args(files).output()?;
    let told = String::from_utf8_lossy(&checked.stderr);
    // It tells of other units of this machine, too.
    let ours: Vec<&str> = told.lines().filter(|line| line.contains("coracle.")).collect();
    ensure!(ours.is_empty(), "{ours:?}");
    let mut command = Command::new("systemd-socket-activate");
    command.args([
        "-l",
        SOCKET,
        "-E",
        "XDG_CACHE_HOME=/tmp/cache",
        "-E",
        "HOME",
        "-E",
        "PATH",
        program,
        "--root",
        "/tmp/store",
    ]);
    // The client comes first: it starts the daemon.
    let mut daemon = command.args(args.split_whitespace()).spawn()?;
    let answers = eventually("the daemon answers", || Ok(is_up()));
    let listens =
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(daemon.id() as i32), nix::sys::signal::Signal::SIGTERM);
    let status = daemon.wait();
    answers?;
    listens?;
    ensure!(status?.success());
    ensure!(!fs::exists("/tmp/store/docker.sock")?, "the daemon made a socket of its own");
    Ok(())
}

fn a_second_daemon_on_the_same_data_is_refused_and_disturbs_nothing() -> Result<()> {
    let _daemon = Daemon::start()?;
    for socket in [SOCKET, "/tmp/second.sock"] {
        let output = daemon_at(socket).args(["--pidfile", "/tmp/pid"]).output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success(), "{socket}: a second daemon started");
        ensure!(stderr.contains("another daemon serves /tmp/store/data") && stderr.contains("cure:"), "{stderr}");
        ensure!(is_up(), "{socket}: the first daemon is gone");
        ensure!(!fs::exists("/tmp/pid")?, "{socket}: the second daemon left its pidfile");
    }
    ensure!(!fs::exists("/tmp/second.sock")?, "the second daemon left its socket");
    Ok(())
}

fn a_daemon_that_is_told_to_end_takes_its_socket_along() -> Result<()> {
    let mut child = daemon_at(SOCKET).args(["--pidfile", "/tmp/pid"]).spawn()?;
    eventually("it is up", || Ok(is_up()))?;
    ensure!(fs::read_to_string("/tmp/pid")?.trim() == child.id().to_string());
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id() as i32), nix::sys::signal::Signal::SIGTERM)?;
    ensure!(child.wait()?.success());
    ensure!(!fs::exists(SOCKET)? && !fs::exists("/tmp/pid")?);
    Ok(())
}

fn a_socket_left_by_a_killed_daemon_is_taken_over() -> Result<()> {
    Daemon::start()?.kill()?;
    ensure!(fs::exists(SOCKET)?, "a killed daemon can't remove its socket");
    let _again = Daemon::start()?;
    Ok(())
}

fn what_is_no_socket_is_not_removed_for_one() -> Result<()> {
    fs::write("/tmp/notes", "mine")?;
    std::os::unix::fs::symlink("/tmp/notes", "/tmp/link")?;
    for path in ["/tmp/notes", "/tmp/link"] {
        let output = daemon_at(path).output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success() && stderr.contains("cannot listen at"), "{path}: {stderr}");
        ensure!(fs::read_to_string(path)? == "mine");
    }
    Ok(())
}

fn a_socket_that_was_given_is_not_passed_on_and_no_other_is_removed() -> Result<()> {
    let socket = UnixListener::bind(SOCKET)?;
    let inode = fs::metadata(format!("/proc/self/fd/{}", socket.as_raw_fd()))?.ino();
    let holds = |pid: u32| -> Result<bool> {
        let mut all = fs::read_dir(format!("/proc/{pid}/fd"))?.map(|entry| Ok(fs::metadata(entry?.path())?.ino()));
        all.try_fold(false, |found, one: Result<u64>| Ok(found || one.is_ok_and(|one| one == inode)))
    };
    // As systemd does it: descriptor 3, and LISTEN_PID is the process.
    let program = env!("CARGO_BIN_EXE_ch07-daemon");
    let script = format!("LISTEN_FDS=1 LISTEN_PID=$$ exec {program} --root /tmp/store daemon 3<&0 </dev/null");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).env("XDG_CACHE_HOME", "/tmp/cache").stdin(OwnedFd::from(socket));
    let mut daemon = command.spawn()?;
    drop(command);
    eventually("it is up", || Ok(is_up()))?;
    ensure!(holds(daemon.id())?, "the daemon doesn't listen at what it was given");
    fs::write("/tmp/store/docker.sock", "another's")?;
    let id = run("runs", "sleep 600", Value::Null)?;
    let pid = inspect(&id)?["State"]["Pid"].as_u64().unwrap_or_default();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let shim: u32 = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)).unwrap_or_default().parse()?;
    ensure!(shim > 1 && shim != daemon.id(), "{stat}");
    ensure!(!holds(shim)?, "the shim holds the daemon's socket");
    act("DELETE", &format!("{id}?force=1"))?;
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(daemon.id() as i32), nix::sys::signal::Signal::SIGTERM)?;
    ensure!(daemon.wait()?.success());
    ensure!(fs::exists("/tmp/store/docker.sock")?, "the daemon removed what isn't its own");
    Ok(())
}
