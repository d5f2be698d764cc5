//! Joining: `--join`, `enter`, `inspect`.

use std::process::Stdio;

use anyhow::{Result, ensure};
use ch01_namespaces::Namespace;
use lab::observe;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};
use testkit::{Case, cases, needs};

use crate::running::{self, Running};

pub fn cases() -> Vec<Case> {
    cases![
        a_joined_namespace_is_shared_and_the_others_are_new,
        a_namespace_can_be_joined_by_its_file,
        what_is_no_namespace_or_another_one_cannot_be_joined,
        a_time_namespace_can_be_joined,
        killing_enter_kills_its_command,
        a_container_that_ends_ends_what_was_entered_and_that_is_said,
        enter_joins_every_namespace_that_differs,
        enter_by_process_id_is_the_same,
        enter_passes_on_the_exit_status,
        the_host_side_stays_where_it_was_after_joining,
        a_dead_process_a_missing_container_and_a_stopped_one_are_told_apart,
        joining_what_belongs_to_somebody_else_is_refused_with_the_reason,
        inspect_shows_what_proc_shows,
        inspect_numbers_processes_from_both_sides,
    ]
}

fn a_joined_namespace_is_shared_and_the_others_are_new() -> Result<()> {
    let box_ = Running::start(&["--name", "box", "--namespaces", "all"], "")?;
    let mut args = vec!["--namespaces", "ipc", "--join", "user=box", "--join", "net=box", "--join", "pid=box"];
    if Uid::effective().is_root() {
        args[1] = "ipc,mount";
    }
    let guest = Running::start(&args, "")?;
    for (kind, shared) in [("user", true), ("net", true), ("pid", true), ("ipc", false), ("uts", false)] {
        let inodes = (observe::namespace_inode(box_.pid, kind)?, observe::namespace_inode(guest.pid, kind)?);
        ensure!((inodes.0 == inodes.1) == shared, "{kind}: {} in the box, {} in the guest", inodes.0, inodes.1);
    }
    Ok(())
}

fn a_namespace_can_be_joined_by_its_file() -> Result<()> {
    let box_ = Running::start(&["--hostname", "boat"], "")?;
    let file = |kind: &str| format!("{kind}=/proc/{}/ns/{kind}", box_.pid);
    let user = file("user");
    let uts = file("uts");
    let mut args = vec!["--namespaces", "none", "--join", &uts];
    if !Uid::effective().is_root() {
        args.extend(["--join", user.as_str()]);
    }
    let guest = Running::start(&args, "hostname;")?;
    ensure!(guest.said == "boat\n", "the guest's host name is {:?}", guest.said);
    Ok(())
}

fn enter_joins_every_namespace_that_differs() -> Result<()> {
    let all = if Uid::effective().is_root() { "cgroup,ipc,mount,net,pid,time,uts" } else { "all" };
    let box_ = Running::start(&["--name", "box", "--namespaces", all, "--hostname", "boat"], "")?;
    let script = "for kind in cgroup ipc mnt net pid time user uts; do readlink /proc/self/ns/$kind; done; hostname";
    let output = running::program().args(["enter", "box", "sh", "-c", script]).output()?;
    ensure!(output.status.success(), "{output:?}");
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    for kind in Namespace::ALL {
        let inode = observe::namespace_inode(box_.pid, kind.proc_name())?;
        let same = format!("{}:[{inode}]", kind.proc_name());
        ensure!(seen.contains(&same), "{same} is missing in {seen}");
    }
    ensure!(seen.ends_with("boat\n"), "{seen}");
    Ok(())
}

fn enter_by_process_id_is_the_same() -> Result<()> {
    let box_ = Running::start(&["--hostname", "boat"], "")?;
    let output = running::program().args(["enter", &box_.pid.to_string(), "hostname"]).output()?;
    ensure!(output.status.success() && output.stdout == b"boat\n", "{output:?}");
    Ok(())
}

fn enter_passes_on_the_exit_status() -> Result<()> {
    let _box = Running::start(&["--name", "box"], "")?;
    for (command, status) in [(&["sh", "-c", "exit 9"][..], 9), (&["no-such-command"], 127), (&["/tmp"], 126)] {
        let ended = running::program().args(["enter", "box"]).args(command).output()?;
        ensure!(ended.status.code() == Some(status), "{command:?}: {ended:?}");
    }
    Ok(())
}

fn the_host_side_stays_where_it_was_after_joining() -> Result<()> {
    let _box = Running::start(&["--name", "box", "--hostname", "boat"], "")?;
    let mut args = vec!["--namespaces", "none", "--join", "uts=box"];
    if !Uid::effective().is_root() {
        args.extend(["--join", "user=box"]);
    }
    let guest = Running::start(&args, "")?;
    for kind in ["uts", "user", "mnt"] {
        let (here, host) = (Pid::this().as_raw(), guest.child.id() as i32);
        ensure!(
            observe::namespace_inode(here, kind)? == observe::namespace_inode(host, kind)?,
            "run itself has moved: {kind}"
        );
    }
    Ok(())
}

fn a_dead_process_a_missing_container_and_a_stopped_one_are_told_apart() -> Result<()> {
    let stopped = running::program().args(["create", "--name", "stopped", "--", "true"]).status()?;
    ensure!(stopped.success());
    ensure!(running::program().args(["start", "stopped"]).status()?.success());
    testkit::eventually("it stops", || {
        let ps = running::program().args(["ps", "--format", "json"]).output()?;
        Ok(String::from_utf8_lossy(&ps.stdout).contains("\"stopped\",\n    \"pid\""))
    })?;
    for (target, word) in [
        ("1073741824", "there is no process 1073741824"),
        ("nobody", "no such container: nobody"),
        ("stopped", "is not running"),
    ] {
        for verb in [
            &["enter", target, "true"][..],
            &["inspect", target],
            &["run", "--join", &format!("uts={target}"), "--", "true"],
        ] {
            let output = running::program().args(verb).output()?;
            let stderr = String::from_utf8_lossy(&output.stderr);
            // Where the status is a command's, ours is 125.
            let status = if verb[0] == "inspect" { 1 } else { 125 };
            ensure!(
                output.status.code() == Some(status) && stderr.contains(word),
                "{verb:?}: {:?} {stderr}",
                output.status
            );
        }
    }
    Ok(())
}

fn joining_what_belongs_to_somebody_else_is_refused_with_the_reason() -> Result<()> {
    needs::ordinary_user()?;
    needs::user_namespaces()?;
    let output = running::run(&["--namespaces", "none", "--join", "uts=/proc/self/ns/uts"], "true").output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(125), "{:?}", output.status);
    for part in ["setns", "EPERM", "CAP_SYS_ADMIN over the namespace's owner"] {
        ensure!(stderr.contains(part), "{part:?} is missing in {stderr}");
    }
    running::expect_empty_store()
}

fn inspect_shows_what_proc_shows() -> Result<()> {
    let box_ = Running::start(&["--name", "box", "--namespaces", "user,uts", "--map-root"], "")?;
    let output = running::program().args(["inspect", "box", "--format", "json"]).output()?;
    ensure!(output.status.success(), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    ensure!(report["pid"] == box_.pid, "{report}");
    for row in report["namespaces"].as_array().into_iter().flatten() {
        let kind: Namespace = row["kind"].as_str().unwrap_or_default().parse().map_err(anyhow::Error::msg)?;
        let inode = observe::namespace_inode(box_.pid, kind.proc_name())?;
        let new = matches!(kind, Namespace::User | Namespace::Uts);
        ensure!(row["inode"] == inode && row["shared"] == !new, "{kind} is {inode}: {row}");
        ensure!(!new || row["owner"] == Uid::effective().as_raw(), "{row}");
    }
    ensure!(report["uid_map"] == format!("0 {} 1", Uid::effective()), "{report}");
    Ok(())
}

fn inspect_numbers_processes_from_both_sides() -> Result<()> {
    let box_ = Running::start(&["--name", "box", "--init"], "")?;
    let output = running::program().args(["inspect", "box", "--format", "json"]).output()?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let command = observe::children(box_.pid)[0];
    let processes = report["processes"].as_array().cloned().unwrap_or_default();
    let pairs: Vec<_> = processes.iter().map(|row| (row["pid"].as_i64(), row["inside"].as_i64())).collect();
    let expected = [(Some(box_.pid.into()), Some(1)), (Some(command.into()), Some(2))];
    ensure!(pairs == expected, "{pairs:?} instead of {expected:?}");
    Ok(())
}

fn what_is_no_namespace_or_another_one_cannot_be_joined() -> Result<()> {
    for (file, word) in [("/etc/passwd", "is not a namespace"), ("/proc/self/ns/uts", "is a uts namespace, not a net")]
    {
        let output = running::run(&["--namespaces", "none", "--join", &format!("net={file}")], "true").output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(125) && stderr.contains(word), "{file}: {stderr}");
    }
    Ok(())
}

fn a_time_namespace_can_be_joined() -> Result<()> {
    let kinds = if Uid::effective().is_root() { "time" } else { "user,time" };
    let box_ = Running::start(&["--name", "box", "--namespaces", kinds, "--boottime", "+1d"], "")?;
    let mut args = vec!["--namespaces", "none", "--join", "time=box"];
    if !Uid::effective().is_root() {
        args.extend(["--join", "user=box"]);
    }
    let guest = Running::start(&args, "")?;
    let (wanted, got) = (observe::namespace_inode(box_.pid, "time")?, observe::namespace_inode(guest.pid, "time")?);
    ensure!(wanted == got, "the guest is in {got}, the box in {wanted}");
    Ok(())
}

fn a_container_that_ends_ends_what_was_entered_and_that_is_said() -> Result<()> {
    let container = Running::start(&["--name", "box"], "")?;
    let enter = running::program().args(["enter", "box", "sleep", "60"]).stderr(Stdio::piped()).spawn()?;
    testkit::eventually("the command is there", || {
        let command = observe::children(enter.id() as i32).first().copied();
        Ok(command.is_some_and(|pid| running::status_field(pid, "Name").is_ok_and(|name| name == "sleep")))
    })?;
    kill(Pid::from_raw(container.pid), Signal::SIGKILL)?;
    let output = enter.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(137) && said.contains("The container has ended"), "{output:?}");
    Ok(())
}

fn killing_enter_kills_its_command() -> Result<()> {
    let _box = Running::start(&["--name", "box"], "")?;
    let mut enter = running::program().args(["enter", "box", "sleep", "60"]).spawn()?;
    let mut command = None;
    testkit::eventually("the command is there", || {
        command = observe::children(enter.id() as i32).first().copied();
        Ok(command.is_some_and(|pid| running::status_field(pid, "Name").is_ok_and(|name| name == "sleep")))
    })?;
    enter.kill()?;
    enter.wait()?;
    testkit::eventually("it dies with its enter", || Ok(!command.is_some_and(observe::process_exists)))
}
