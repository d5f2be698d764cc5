//! `exec`: one more command in a container.

use std::io::Read;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases, eventually};

use crate::world::{detached, fails, format_output, inspect, program, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        a_command_is_in_the_containers_namespaces_and_cgroups,
        flags_of_exec_are_kept_to,
        many_commands_at_once_keep_their_statuses,
        a_command_ends_with_its_container,
    ]
}

fn a_command_is_in_the_containers_namespaces_and_cgroups() -> Result<()> {
    detached("boat", &[], "sleep 1000; true")?;
    let pid: i32 = inspect("boat", "{{.State.Pid}}")?.parse()?;
    succeeds(&["exec", "-d", "boat", "sleep", "4711"])?;
    let mut entered = None;
    eventually("the command runs", || {
        let top = succeeds(&["top", "boat", "-eo", "pid,args"])?;
        entered = top
            .lines()
            .find(|line| line.ends_with("sleep 4711"))
            .and_then(|line| line.split_whitespace().next()?.parse::<i32>().ok());
        Ok(entered.is_some())
    })?;
    let entered = entered.unwrap_or_default();
    for kind in ["mnt", "pid", "net", "ipc", "uts", "user", "cgroup"] {
        let inode = |pid| std::fs::read_link(format!("/proc/{pid}/ns/{kind}"));
        ensure!(inode(pid)? == inode(entered)?, "{kind} differs");
    }
    let groups = |pid| std::fs::read_to_string(format!("/proc/{pid}/cgroup"));
    ensure!(groups(pid)? == groups(entered)?, "{}{}", groups(pid)?, groups(entered)?);
    ensure!(lab::observe::open_fds(entered)?.len() == 3);
    // It is no child of the container's, and doesn't outlive it.
    succeeds(&["rm", "-f", "boat"])?;
    ensure!(!lab::observe::process_exists(entered));
    Ok(())
}

fn flags_of_exec_are_kept_to() -> Result<()> {
    detached("boat", &["-e", "A=container", "-w", "/tmp"], "sleep 1000; true")?;
    let says = |flags: &[&str], script: &str| succeeds(&[&["exec"], flags, &["boat", "sh", "-c", script]].concat());
    ensure!(says(&[], "echo $A $PWD")? == "container /tmp");
    ensure!(says(&["-e", "A=exec", "-e", "B=2", "-w", "/etc"], "echo $A $B $PWD")? == "exec 2 /etc");
    ensure!(says(&["-t"], "test -t 0 && test -t 1 && echo terminal")?.trim() == "terminal");
    ensure!(fails(&["exec", "-w", "etc", "boat", "true"], 125)?.contains("absolute"));
    ensure!(fails(&["exec", "boat"], 125)?.contains("required"));
    // Input is given with -i only.
    let cat = |flags: &[&str]| -> Result<Vec<u8>> {
        let mut child = program(&[&["exec"], flags, &["boat", "cat"]].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), b"text").ok();
        Ok(child.wait_with_output()?.stdout)
    };
    ensure!(cat(&["-i"])? == b"text" && cat(&[])?.is_empty());
    Ok(())
}

fn many_commands_at_once_keep_their_statuses() -> Result<()> {
    detached("boat", &[], "sleep 1000; true")?;
    let children = (0..24).map(|number| {
        let script = format!("head -c 100000 /dev/zero | wc -c; exit {number}");
        Ok((
            number,
            program(&["exec", "boat", "sh", "-c", &script]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?,
        ))
    });
    for (number, child) in children.collect::<Result<Vec<_>>>()? {
        let output = child.wait_with_output()?;
        ensure!(
            output.status.code() == Some(number) && output.stdout == b"100000\n",
            "{number}: {}",
            format_output(&output)
        );
    }
    Ok(())
}

fn a_command_ends_with_its_container() -> Result<()> {
    detached("boat", &["--rm"], "sleep 1000; true")?;
    let mut command =
        program(&["exec", "boat", "sh", "-c", "echo ready; sleep 1000; true"]).stdout(Stdio::piped()).spawn()?;
    let mut ready = [0; 6];
    command.stdout.as_mut().context("no stdout")?.read_exact(&mut ready)?;
    succeeds(&["kill", "boat"])?;
    let output = command.wait_with_output()?;
    ensure!(
        output.status.code() == Some(137) && ready == *b"ready\n" && output.stdout.is_empty(),
        "{}",
        format_output(&output)
    );
    Ok(())
}
