//! The command's environment.

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};
use testkit::{Case, cases};

use crate::running::{self, says, shown};

pub fn cases() -> Vec<Case> {
    cases![the_environment_is_the_containers_own, variables_come_from_flags_and_files, a_broken_variable_is_told]
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
    ensure!(output.stdout == b"from the file,flag=1,on,,unset\n", "{}", shown(&output));
    // PATH is where the command is searched for.
    ensure!(says(&["-e", "PATH=/usr/bin:/bin"], "echo $PATH")? == "/usr/bin:/bin");
    Ok(())
}

fn a_broken_variable_is_told() -> Result<()> {
    fs::write("/tmp/env", "=x\n")?;
    for args in [&["-e", "=x"][..], &["--env-file", "/tmp/env"], &["--env-file", "/tmp/none"]] {
        let output = running::run(args, "true").output()?;
        ensure!(output.status.code() == Some(125) && !output.stderr.is_empty(), "{args:?}: {}", shown(&output));
    }
    Ok(())
}
