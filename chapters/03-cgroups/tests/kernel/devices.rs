//! Which devices may be used: proven by using them.

use anyhow::{Result, ensure};
use testkit::{Case, cases, needs};

use crate::running::{expect_nothing_left, format_output, need_cgroups, run};

pub fn cases() -> Vec<Case> {
    cases![
        a_device_without_a_rule_is_refused_and_one_with_a_rule_is_not,
        a_rule_for_both_kinds_of_devices_allows_its_numbers_alone,
        the_six_devices_work_under_rules,
    ]
}

/// The device of /dev/kmsg: there on every machine, with no harm in opening it.
const OPEN: &str = "mknod /dev/mine c 1 11 && : </dev/mine";

fn a_device_without_a_rule_is_refused_and_one_with_a_rule_is_not() -> Result<()> {
    need_cgroups()?;
    needs::root()?;
    let with = |rule| run(&["--device-cgroup-rule", rule], OPEN).output();
    let (denied, allowed) = (with("c 10:229 rwm")?, with("c 1:11 rwm")?);
    ensure!(!denied.status.success() && format_output(&denied).contains("not permitted"), "{}", format_output(&denied));
    ensure!(allowed.status.success(), "{}", format_output(&allowed));
    // Without any rule there is no restriction.
    let free = run(&[], OPEN).output()?;
    ensure!(free.status.success(), "{}", format_output(&free));
    expect_nothing_left()
}

fn a_rule_for_both_kinds_of_devices_allows_its_numbers_alone() -> Result<()> {
    need_cgroups()?;
    needs::root()?;
    let with = |rule| run(&["--device-cgroup-rule", rule], OPEN).output();
    // Other numbers, another use; and then what is opened.
    for rule in ["a 8:0 rwm", "a *:* m"] {
        let denied = with(rule)?;
        ensure!(
            !denied.status.success() && format_output(&denied).contains("not permitted"),
            "{rule}: {}",
            format_output(&denied)
        );
    }
    for rule in ["a 1:11 r", "a *:* rwm"] {
        let allowed = with(rule)?;
        ensure!(allowed.status.success(), "{rule}: {}", format_output(&allowed));
    }
    expect_nothing_left()
}

fn the_six_devices_work_under_rules() -> Result<()> {
    need_cgroups()?;
    needs::root()?;
    let script = "for name in null zero full random urandom; do : </dev/$name; done; : >/dev/null; true </dev/tty";
    let output = run(&["--device-cgroup-rule", "c 10:229 r"], script).output()?;
    // A container without a terminal gets the driver's answer for /dev/tty, so the rules let it
    // through.
    ensure!(
        output.status.success() || format_output(&output).contains("No such device or address"),
        "{}",
        format_output(&output)
    );
    ensure!(!format_output(&output).contains("not permitted"), "{}", format_output(&output));
    expect_nothing_left()
}
