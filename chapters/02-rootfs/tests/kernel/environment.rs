//! The command's environment.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use testkit::{Case, cases};

use crate::running::{self, format_output, says};

pub fn cases() -> Vec<Case> {
    cases![
        the_environment_is_the_containers_own,
        variables_come_from_flags_and_files,
        a_broken_variable_is_told,
        an_init_shows_nothing_of_its_caller,
        a_container_at_its_start_gate_shows_nothing_of_its_caller,
        who_enters_gets_the_containers_environment_and_nothing_of_the_callers,
    ]
}

fn the_environment_is_the_containers_own() -> Result<()> {
    let mut command: Command = running::run(&["--hostname", "boat"], "env");
    let output = command.env("SECRET", "x").env("TERM", "dumb").output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut names: Vec<_> = said.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    names.retain(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name)); // the shell's own
    names.sort_unstable();
    ensure!(names == ["HOME", "HOSTNAME", "PATH", "TERM"], "{said}");
    ensure!(said.contains("HOSTNAME=boat") && said.contains("HOME=/root"), "{said}");
    Ok(())
}

fn variables_come_from_flags_and_files() -> Result<()> {
    fs::write("/tmp/env", "# comment\n\nA=from the file\nB=b\nPASSED\nABSENT\n")?;
    let mut command: Command = running::run(
        &["--env-file", "/tmp/env", "-e", "B=flag=1", "--env", "EMPTY="],
        "echo $A,$B,$PASSED,${EMPTY-unset},${ABSENT-unset}",
    );
    let output = command.env("PASSED", "on").output()?;
    ensure!(output.stdout == b"from the file,flag=1,on,,unset\n", "{}", format_output(&output));
    // PATH is where the command is searched for.
    ensure!(says(&["-e", "PATH=/usr/bin:/bin"], "echo $PATH")? == "/usr/bin:/bin");
    Ok(())
}

fn a_broken_variable_is_told() -> Result<()> {
    fs::write("/tmp/env", "=x\n")?;
    for args in [&["-e", "=x"][..], &["--env-file", "/tmp/env"], &["--env-file", "/tmp/none"]] {
        let output = running::run(args, "true").output()?;
        ensure!(output.status.code() == Some(125) && !output.stderr.is_empty(), "{args:?}: {}", format_output(&output));
    }
    Ok(())
}

fn an_init_shows_nothing_of_its_caller() -> Result<()> {
    // In C: what `ps` and `env` of process 1 are read from. One entry fills the room of another.
    let script = "cat /proc/1/environ /proc/1/cmdline | tr '\\0' '\\n'";
    let long = format!("LONG={}", "x".repeat(100_000));
    for more in ["A=b", &long] {
        let mut command: Command = running::run(&["--init", "-e", more], script);
        let output = command.env("SECRET", "x").output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(said.contains("HOME=/root") && said.contains("init"), "{said}");
        ensure!(!said.contains("SECRET") && !said.contains(running::STORE), "{said}");
        ensure!(said.contains("A=b") == (more == "A=b"), "{said}");
    }
    Ok(())
}

fn environment_of(pid: &str) -> Result<String> {
    Ok(String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/environ"))?).into_owned())
}

fn a_container_at_its_start_gate_shows_nothing_of_its_caller() -> Result<()> {
    ensure!(says(&[], "true")?.is_empty());
    let mut create = running::program();
    create.args(["create", "--name", "gate", "-e", "A=b", "--", "true"]).stdout(Stdio::null()).env("SECRET", "x");
    ensure!(create.status()?.success());
    let ps = running::program().args(["ps", "--format", "json"]).output()?;
    let pid = serde_json::from_slice::<serde_json::Value>(&ps.stdout)?[0]["pid"].to_string();
    let shown = environment_of(&pid)?;
    ensure!(shown.contains("A=b") && !shown.contains("SECRET"), "{shown}");
    ensure!(running::program().args(["rm", "--force", "gate"]).status()?.success());
    Ok(())
}

fn who_enters_gets_the_containers_environment_and_nothing_of_the_callers() -> Result<()> {
    for init in [&[][..], &["--init"]] {
        let args = [init, &["--name", "box", "-e", "A=b"]].concat();
        let running = running::Running::start(&args, "")?;
        // The command sees its own, and its process is a copy of ours before it is the command.
        let script = "env; cat /proc/*/environ | tr '\\0' '\\n'";
        let mut enter = running::program();
        let output =
            enter.args(["enter", "box", "sh", "-c", script]).env("SECRET", "x").env("TERM", "mine").output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            said.contains("A=b") && said.contains("TERM=mine") && said.contains("PATH="),
            "{}",
            format_output(&output)
        );
        ensure!(!said.contains("SECRET"), "{said}");
        drop(running);
    }
    Ok(())
}
