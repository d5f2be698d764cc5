//! Many processes on one store.

use std::process::{Child, Stdio};

use anyhow::{Result, ensure};
use testkit::{Case, cases, eventually};

use crate::running;

pub fn cases() -> Vec<Case> {
    cases![
        of_forty_with_one_name_at_once_one_is_made,
        a_start_is_not_disturbed_by_others_that_look_for_debris,
        rm_goes_on_after_one_that_is_not_there,
        ps_shows_no_raw_control_characters,
    ]
}

fn create(name: &str, command: &[&str]) -> Result<Child> {
    let args = ["create", "--name", name, "--"];
    Ok(running::program().args(args).args(command).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
}

fn of_forty_with_one_name_at_once_one_is_made() -> Result<()> {
    let children = (0..40).map(|_| create("one", &["true"])).collect::<Result<Vec<_>>>()?;
    let mut made = 0;
    for mut child in children {
        made += usize::from(child.wait()?.success());
    }
    ensure!(made == 1, "{made} containers have one name");
    ensure!(running::program().args(["rm", "--force", "one"]).status()?.success());
    running::expect_empty_store()
}

fn a_start_is_not_disturbed_by_others_that_look_for_debris() -> Result<()> {
    let names: Vec<_> = (0..20).map(|number| format!("box{number}")).collect();
    for name in &names {
        ensure!(create(name, &["true"])?.wait()?.success());
    }
    let mut others = (0..40).map(|_| running::run(&[], "true").spawn()).collect::<Result<Vec<_>, _>>()?;
    for name in &names {
        let output = running::program().args(["start", name]).output()?;
        ensure!(output.status.success(), "{name}: {output:?}");
    }
    for other in &mut others {
        ensure!(other.wait()?.success());
    }
    eventually("all have stopped and can be removed", || {
        Ok(running::program().arg("rm").args(&names).stderr(Stdio::null()).status()?.success()
            || running::expect_empty_store().is_ok())
    })
}

fn rm_goes_on_after_one_that_is_not_there() -> Result<()> {
    ensure!(create("there", &["true"])?.wait()?.success());
    let output = running::program().args(["rm", "--force", "missing", "there"]).output()?;
    ensure!(output.status.code() == Some(1), "{output:?}");
    ensure!(String::from_utf8_lossy(&output.stderr).contains("no such container: missing"), "{output:?}");
    running::expect_empty_store()
}

fn ps_shows_no_raw_control_characters() -> Result<()> {
    ensure!(create("odd", &["echo", "\x1b[2Jgone\nnext"])?.wait()?.success());
    let output = running::program().arg("ps").output()?;
    let rows = String::from_utf8(output.stdout)?;
    ensure!(rows.lines().count() == 2 && !rows.contains('\x1b'), "{rows:?}");
    ensure!(running::program().args(["rm", "--force", "odd"]).status()?.success());
    Ok(())
}
