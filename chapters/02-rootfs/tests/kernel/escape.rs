//! chroot is no jail, and the new root is one.

use std::fs;

use anyhow::{Result, ensure};
use testkit::{Case, cases};

use crate::running::{self, format_output, program};

pub fn cases() -> Vec<Case> {
    cases![the_way_out_of_a_chroot_is_open_and_closed_after_pivot_root, dots_end_at_the_new_root]
}

/// With this program inside, whose hidden verb tries to get out.
fn the_way_out_of_a_chroot_is_open_and_closed_after_pivot_root() -> Result<()> {
    let me = env!("CARGO_BIN_EXE_ch02-rootfs");
    let output = program().args(["rootfs", "create", "/tmp/box", "--with", me, "--with", "sh"]).output()?;
    ensure!(output.status.success(), "{}", format_output(&output));
    fs::write("/tmp/sentinel", "the host's")?;
    let escape = |flags: &[&str]| {
        let mut command = program();
        command.args(["run", "--rootfs", "/tmp/box"]).args(flags).args(["--", me, "escape", "/tmp/sentinel"]);
        command.output()
    };
    let (chroot, pivot) = (escape(&["--chroot"])?, escape(&[])?);
    ensure!(chroot.stdout == b"the host's\n", "the escape from a chroot failed: {}", format_output(&chroot));
    ensure!(!pivot.status.success() && pivot.stdout.is_empty(), "it got out: {}", format_output(&pivot));
    Ok(())
}

fn dots_end_at_the_new_root() -> Result<()> {
    fs::write("/tmp/sentinel", "the host's")?;
    let output = running::run(&[], "cd /; cd ../../..; ls -a; cat ../../tmp/sentinel").output()?;
    ensure!(!output.status.success(), "{}", format_output(&output));
    Ok(())
}
