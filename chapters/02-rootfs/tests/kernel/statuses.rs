//! Exit statuses are Docker's.

use anyhow::{Result, ensure};
use testkit::{Case, cases};

use crate::boxes;
use crate::running::{self, expect_empty_store, format_output, program};

pub fn cases() -> Vec<Case> {
    cases![statuses_are_the_commands_own_or_dockers, narration_tells_the_change_of_root]
}

fn statuses_are_the_commands_own_or_dockers() -> Result<()> {
    boxes::small("box")?;
    for root in [&[][..], &["--rootfs", "/tmp/box"], &["--chroot"], &["--init"]] {
        for (command, status) in [
            (&["sh", "-c", "exit 3"][..], 3),
            (&["sh", "-c", "sh -c 'kill -9 $$'"], 137),
            (&["no-such-command"], 127),
            (&["/no/such"], 127),
            (&["/etc/passwd"], 126),
            (&["/usr"], 126),
        ] {
            let output = program().arg("run").args(root).arg("--").args(command).output()?;
            ensure!(output.status.code() == Some(status), "{root:?} {command:?}: {}", format_output(&output));
        }
        ensure!(
            program().arg("run").args(root).args(["--rootfs", "/none", "--", "true"]).output()?.status.code()
                == Some(125)
        );
    }
    ensure!(program().args(["rootfs", "create"]).output()?.status.code() == Some(125));
    expect_empty_store()
}

fn narration_tells_the_change_of_root() -> Result<()> {
    let output = running::run(&["--explain=json"], "echo out").output()?;
    ensure!(output.stdout == b"out\n", "{}", format_output(&output));
    let stderr = String::from_utf8_lossy(&output.stderr);
    let steps = stderr.lines().map(serde_json::from_str).collect::<Result<Vec<serde_json::Value>, _>>()?;
    let calls: Vec<_> = steps.iter().filter_map(|step| step["call"].as_str()).collect();
    let place = |call: &str| calls.iter().position(|known| *known == call);
    let order = ["mount", "fsmount", "move_mount", "pivot_root", "umount2", "execve"].map(place);
    ensure!(order.iter().all(Option::is_some) && order.is_sorted(), "{calls:?}");
    ensure!(steps.iter().all(|step| step["errno"].is_null()), "{stderr}");
    Ok(())
}
