//! Each step fails in turn, and the host is as it was.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Result, ensure};
use testkit::{Case, cases, refusing};

use crate::boxes;
use crate::running::{self, Outside, expect_empty_store, format_output, is_root, program};

pub fn cases() -> Vec<Case> {
    let private = cases![a_root_that_is_missing_empty_unreadable_or_no_directory_is_told, wrong_flags_are_told];
    let shared = cases![whichever_call_fails_the_host_is_as_before];
    [private, shared.into_iter().map(Case::with_shared_mounts).collect()].concat()
}

/// 125, the words, and no traces.
fn expect_failure(args: &[&str], words: &[&str]) -> Result<()> {
    let outside = Outside::now()?;
    let output = running::run(args, "true").output()?;
    ensure!(output.status.code() == Some(125), "{args:?}: {}", format_output(&output));
    for word in words {
        ensure!(format_output(&output).contains(word), "{args:?}: {word:?} is missing in {}", format_output(&output));
    }
    outside.expect_the_same(&format!("after {args:?}"))?;
    if Path::new(running::STORE).exists() { expect_empty_store() } else { Ok(()) }
}

fn a_root_that_is_missing_empty_unreadable_or_no_directory_is_told() -> Result<()> {
    fs::create_dir("/tmp/empty")?;
    fs::write("/tmp/file", "")?;
    expect_failure(&["--rootfs", "/tmp/none"], &["/tmp/none", "rootfs create"])?;
    expect_failure(&["--rootfs", "/tmp/empty"], &["is empty", "rootfs create"])?;
    expect_failure(&["--rootfs", "/tmp/file"], &["not a directory"])?;
    expect_failure(&["--rootfs", "/"], &["host's own /"])?;
    expect_failure(&["--rootfs", ""], &["--rootfs"])?;
    let root = boxes::small("box")?;
    fs::set_permissions(&root, Permissions::from_mode(0o000))?;
    if !is_root() {
        expect_failure(&["--rootfs", "/tmp/box"], &["cannot read /tmp/box"])?;
    }
    fs::set_permissions(&root, Permissions::from_mode(0o755))?;
    fs::remove_dir(root.join("proc"))?;
    fs::write(root.join("proc"), "")?;
    expect_failure(&["--rootfs", "/tmp/box"], &["/proc in the root file system is not a directory"])
}

fn wrong_flags_are_told() -> Result<()> {
    fs::create_dir("/tmp/data")?;
    for (args, word) in [
        (&["-v", "/tmp/none:/data"][..], "mkdir -p /tmp/none"),
        (&["-v", "/tmp/data"], "SOURCE:TARGET"),
        (&["-v", "data:/data"], "named volume"),
        (&["-v", "/tmp/data:data"], "absolute"),
        (&["-v", "/tmp/data:/"], "--rootfs"),
        (&["-v", "/tmp/data:/d:shared"], "private"),
        (&["--mount", "type=volume,source=x,target=/x"], "bind or tmpfs"),
        (&["--mount", "type=bind,target=/x"], "source"),
        (&["--tmpfs", "/t:size=none"], "64m"),
        (&["-w", "relative"], "absolute"),
        (&["-w", "/etc/passwd"], "not a directory"),
        (&["--namespaces", "none"], "mount"),
    ] {
        expect_failure(args, &[word])?;
    }
    Ok(())
}

fn whichever_call_fails_the_host_is_as_before() -> Result<()> {
    boxes::small("box")?;
    fs::create_dir("/tmp/data")?;
    ensure!(running::run(&[], "true").status()?.success(), "nothing works");
    let default: &[&str] = &["-v", "/tmp/data:/data:ro", "--tmpfs", "/t", "--read-only", "-w", "/root"];
    let given: &[&str] = &["--rootfs", "/tmp/box", "-v", "/tmp/data:/data", "-w", "/root"];
    let chroot: &[&str] = &["--rootfs", "/tmp/box", "--chroot"];
    let mut calls = vec![
        ("mount", libc::SYS_mount, vec![default, given, chroot]),
        ("open_tree", libc::SYS_open_tree, vec![default, given, chroot]),
        ("mount_setattr", libc::SYS_mount_setattr, vec![default, given, chroot]),
        ("fsopen", libc::SYS_fsopen, vec![default, given, chroot]),
        ("fsconfig", libc::SYS_fsconfig, vec![default, given, chroot]),
        ("fsmount", libc::SYS_fsmount, vec![default, given, chroot]),
        ("move_mount", libc::SYS_move_mount, vec![default, given, chroot]),
        ("", libc::SYS_openat2, vec![default, given, chroot]),
        ("", libc::SYS_symlinkat, vec![default]),
        ("pivot_root", libc::SYS_pivot_root, vec![default, given]),
        ("umount2", libc::SYS_umount2, vec![default, given]),
        ("chroot", libc::SYS_chroot, vec![chroot]),
        ("chdir", libc::SYS_chdir, vec![default, given, chroot]),
        ("fchdir", libc::SYS_fchdir, vec![default, given, chroot]),
        ("", libc::SYS_getcwd, vec![default]),
    ];
    if is_root() {
        calls.push(("mknod", libc::SYS_mknodat, vec![default, given, chroot]));
    }
    let outside = Outside::now()?;
    for (name, call, ways) in calls {
        for way in ways {
            let mut command = program();
            command.arg("run").args(way).args(["--", "sh", "-c", "true"]);
            refusing::one_call(&mut command, call, libc::EBUSY)?;
            let output = command.output()?;
            ensure!(output.status.code() == Some(125), "{name} {call} refused in {way:?}: {}", format_output(&output));
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            ensure!(
                stderr.contains(name) && (stderr.contains("EBUSY") || stderr.contains("busy")),
                "{name} {call}: {stderr}"
            );
            outside.expect_the_same(&format!("after {name} {call} failed in {way:?}"))?;
            expect_empty_store()?;
        }
    }
    ensure!(running::run(given, "true").status()?.success(), "the root was damaged");
    Ok(())
}
