//! `docker run`, and what comes out of it.

use std::io::Write;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases};

use crate::with_each_client;

pub fn cases() -> Vec<Case> {
    cases![
        output_and_status_are_the_commands,
        input_reaches_the_command_and_ends,
        what_surrounds_the_command_is_what_was_asked_for,
        a_command_that_is_not_there_or_not_executable_is_127_or_126,
        exec_runs_one_more_command_with_its_own_status,
        what_cannot_be_done_is_said_in_dockers_words,
    ]
}

fn output_and_status_are_the_commands() -> Result<()> {
    with_each_client(|world| {
        let output = world.try_docker(&["run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 7"])?;
        ensure!(output.status.code() == Some(7), "{output:?}");
        ensure!(output.stdout == "out\n" && output.stderr == "err\n", "{output:?}");
        world.docker(&["run", "--rm", "busybox", "true"])?;
        ensure!(world.docker(&["ps", "-aq"])?.is_empty(), "--rm left a container");
        Ok(())
    })
}

fn input_reaches_the_command_and_ends() -> Result<()> {
    with_each_client(|world| {
        // Larger than any buffer on the way.
        let text = "0123456789abcdef\n".repeat(200_000);
        let mut command = world.command("docker");
        command.args(["run", "-i", "--rm", "busybox", "md5sum"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        child.stdin.take().context("a pipe")?.write_all(text.as_bytes())?;
        let output = child.wait_with_output()?;
        let mut expected = std::process::Command::new("md5sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        expected.stdin.take().context("a pipe")?.write_all(text.as_bytes())?;
        ensure!(output.stdout == expected.wait_with_output()?.stdout, "{output:?}");
        Ok(())
    })
}

fn what_surrounds_the_command_is_what_was_asked_for() -> Result<()> {
    with_each_client(|world| {
        let script = "hostname; pwd; echo $NAME; cat /mnt/f; id -u; touch /x 2>&1; grep -c tmpfs /proc/mounts >&2; \
                      df /t | tail -n 1";
        std::fs::create_dir_all(world.path("shared"))?;
        std::fs::write(world.path("shared/f"), "from outside\n")?;
        let volume = format!("{}:/mnt:ro", world.path("shared").display());
        let flags =
            ["run", "--rm", "--hostname", "ship", "-w", "/usr", "-e", "NAME=value", "-v", &volume, "--read-only"];
        let rest = ["--tmpfs", "/t", "--network", "none", "busybox", "sh", "-c", script];
        let shown = world.docker(&[&flags[..], &rest].concat())?;
        let lines: Vec<&str> = shown.lines().collect();
        ensure!(lines[..5] == ["ship", "/usr", "value", "from outside", "0"], "{shown}");
        ensure!(lines[5].contains("Read-only file system"), "{shown}");
        ensure!(lines[6].contains("tmpfs") && lines[6].ends_with("/t"), "{shown}");
        Ok(())
    })
}

fn a_command_that_is_not_there_or_not_executable_is_127_or_126() -> Result<()> {
    with_each_client(|world| {
        let status = |command: &str| -> Result<(Option<i32>, String)> {
            let output = world.try_docker(&["run", "--rm", "busybox", command])?;
            Ok((output.status.code(), output.stderr))
        };
        let (code, stderr) = status("no-such-command")?;
        ensure!(code == Some(127) && stderr.contains("executable file not found"), "{code:?} {stderr}");
        let (code, stderr) = status("/etc")?;
        ensure!(code == Some(126) && stderr.contains("permission denied"), "{code:?} {stderr}");
        let output = world.try_docker(&["run", "--rm", "--no-such-flag", "busybox", "true"])?;
        ensure!(output.status.code() == Some(125), "{output:?}");
        ensure!(world.docker(&["ps", "-aq"])?.is_empty(), "a failed start with --rm left a container");
        Ok(())
    })
}

fn exec_runs_one_more_command_with_its_own_status() -> Result<()> {
    with_each_client(|world| {
        world.docker(&["run", "-d", "--name", "one", "-e", "FROM_RUN=1", "busybox", "sleep", "600"])?;
        let line = "echo $FROM_RUN $FROM_EXEC; pwd; ps | grep -c 'sleep 600'; echo oops >&2; exit 9";
        let output = world.try_docker(&["exec", "-e", "FROM_EXEC=2", "-w", "/etc", "one", "sh", "-c", line])?;
        ensure!(output.status.code() == Some(9), "{output:?}");
        let lines: Vec<&str> = output.stdout.lines().collect();
        ensure!(lines[..2] == ["1 2", "/etc"] && lines[2] != "0", "{output:?}");
        ensure!(output.stderr == "oops\n", "{output:?}");
        world.docker(&["exec", "-d", "one", "sh", "-c", "echo made >/tmp/by-exec"])?;
        testkit::eventually("the detached command has run", || {
            Ok(world.try_docker(&["exec", "one", "cat", "/tmp/by-exec"])?.stdout == "made\n")
        })?;
        let missing = world.try_docker(&["exec", "one", "no-such-command"])?;
        ensure!(matches!(missing.status.code(), Some(126 | 127)), "{missing:?}");
        world.docker(&["rm", "-f", "one"])?;
        Ok(())
    })
}

fn what_cannot_be_done_is_said_in_dockers_words() -> Result<()> {
    with_each_client(|world| {
        for verb in ["start", "stop", "logs", "inspect", "rm", "kill", "top", "pause", "wait"] {
            let stderr = world.docker_fails(&[verb, "nobody"])?;
            let said = stderr.contains("No such container: nobody") || stderr.contains("No such object: nobody");
            ensure!(said, "{verb}: {stderr}");
        }
        world.docker(&["create", "--name", "taken", "busybox"])?;
        let stderr = world.docker_fails(&["create", "--name", "taken", "busybox"])?;
        ensure!(stderr.contains("already in use"), "{stderr}");
        let stderr = world.docker_fails(&["exec", "taken", "true"])?;
        ensure!(stderr.contains("is not running"), "{stderr}");
        world.docker(&["rm", "taken"])?;
        Ok(())
    })
}
