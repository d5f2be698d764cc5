//! Which devices may be used: proven by using them.

use anyhow::{Result, ensure};
use testkit::{Case, cases, needs};

use crate::running::{expect_nothing_left, need_groups, run, shown};

pub fn cases() -> Vec<Case> {
    cases![a_device_without_a_rule_is_refused_and_one_with_a_rule_is_not, the_six_devices_work_under_rules]
}

/// /dev/port: there on every machine, with no harm in opening it.
const OPEN: &str = "mknod /dev/mine c 1 11 && : </dev/mine";

fn a_device_without_a_rule_is_refused_and_one_with_a_rule_is_not() -> Result<()> {
    need_groups()?;
    needs::root()?;
    let with = |rule| run(&["--device-cgroup-rule", rule], OPEN).output();
    let (denied, allowed) = (with("c 10:229 rwm")?, with("c 1:11 rwm")?);
    ensure!(!denied.status.success() && shown(&denied).contains("not permitted"), "{}", shown(&denied));
    ensure!(allowed.status.success(), "{}", shown(&allowed));
    // Without any rule there is no restriction.
    let free = run(&[], OPEN).output()?;
    ensure!(free.status.success(), "{}", shown(&free));
    expect_nothing_left()
}

fn the_six_devices_work_under_rules() -> Result<()> {
    need_groups()?;
    needs::root()?;
    let script = "echo x >/dev/null && head -c 1 /dev/zero >/dev/null && head -c 1 /dev/urandom >/dev/null";
    let output = run(&["--device-cgroup-rule", "c 10:229 r"], script).output()?;
    ensure!(output.status.success(), "{}", shown(&output));
    expect_nothing_left()
}
