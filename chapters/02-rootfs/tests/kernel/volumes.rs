//! -v, --mount, --tmpfs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use nix::mount::{MsFlags, mount};
use testkit::{Case, cases, root_cases};

use crate::boxes;
use crate::running::{self, Running, expect_empty_store, format_output, says};

pub fn cases() -> Vec<Case> {
    let as_caller = cases![
        a_volume_is_the_hosts_directory_or_file,
        both_notations_mount,
        a_target_that_is_missing_is_made,
        a_tmpfs_has_its_size_and_mode_and_is_empty,
        a_volume_over_a_volume_lies_in_it_whatever_their_order,
        a_file_on_a_directory_and_a_directory_on_a_file_are_refused,
        a_target_that_leads_out_of_the_root_lands_inside,
        a_target_that_is_the_root_is_refused_whatever_it_is_called,
        a_volume_that_another_one_hides_is_refused,
        proc_sys_or_dev_being_a_link_is_refused,
        locked_flags_are_kept,
        a_volume_may_be_relative_or_a_link,
    ];
    let as_root = root_cases![a_read_only_volume_stays_so_and_what_is_mounted_below_it];
    [as_caller, as_root].concat()
}

fn a_volume_is_the_hosts_directory_or_file() -> Result<()> {
    fs::create_dir("/tmp/data")?;
    fs::write("/tmp/data/file", "host")?;
    let args = ["-v", "/tmp/data:/data", "-v", "/tmp/data/file:/etc/hosts:ro"];
    ensure!(says(&args, "cat /data/file /etc/hosts; echo inside >/data/new")? == "hosthost");
    ensure!(fs::read_to_string("/tmp/data/new")? == "inside\n");
    Ok(())
}

fn both_notations_mount() -> Result<()> {
    fs::create_dir("/tmp/data")?;
    let args = [
        "--mount",
        "type=bind,source=/tmp/data,target=/a,readonly",
        "-v",
        "/tmp/data:/b:rw,rprivate",
        "--mount",
        "type=tmpfs,target=/c,tmpfs-size=1m,tmpfs-mode=700",
    ];
    let running = Running::start(&args, "echo x >/b/x; echo x >/c/x; (echo x >/a/y) 2>/dev/null || echo refused;")?;
    ensure!(running.said == "refused\n", "{}", running.said);
    let mounts = running.mounts()?;
    let of = |place: &str| mounts.iter().find(|mount| mount.mount_point == Path::new(place)).context("no such mount");
    ensure!(of("/a")?.is_read_only() && !of("/b")?.is_read_only());
    ensure!(of("/c")?.file_system == "tmpfs" && of("/c")?.super_options.contains(&"size=1024k".to_string()));
    Ok(())
}

fn a_target_that_is_missing_is_made() -> Result<()> {
    let root = boxes::small("box")?;
    fs::create_dir("/tmp/data")?;
    fs::write("/tmp/file", "text")?;
    let args = ["--rootfs", "/tmp/box", "-v", "/tmp/data:/a/b/c", "-v", "/tmp/file:/d/e"];
    ensure!(says(&args, "ls -d /a/b/c; cat /d/e")? == "/a/b/c\ntext");
    ensure!(root.join("a/b/c").is_dir() && fs::read(root.join("d/e"))?.is_empty());
    Ok(())
}

fn a_tmpfs_has_its_size_and_mode_and_is_empty() -> Result<()> {
    let root = boxes::small("box")?;
    fs::create_dir(root.join("data"))?;
    fs::write(root.join("data/hidden"), "")?;
    let args = ["--rootfs", "/tmp/box", "--tmpfs", "/data:size=64k,mode=700"];
    let said = says(&args, "ls /data; stat -c %a /data; head -c 100000 /dev/zero 2>/dev/null >/data/big || echo full")?;
    ensure!(said.starts_with("700\nfull"), "{said}");
    ensure!(boxes::names(&root.join("data"))? == ["hidden"]);
    Ok(())
}

fn a_volume_over_a_volume_lies_in_it_whatever_their_order() -> Result<()> {
    fs::create_dir_all("/tmp/outer/in")?;
    fs::create_dir("/tmp/inner")?;
    fs::write("/tmp/inner/mark", "inner")?;
    for args in [["-v", "/tmp/outer:/o", "-v", "/tmp/inner:/o/in"], ["-v", "/tmp/inner:/o/in", "-v", "/tmp/outer:/o"]] {
        ensure!(says(&args, "cat /o/in/mark")? == "inner", "{args:?}");
    }
    let output = running::run(&["-v", "/tmp/outer:/o", "--tmpfs", "/o"], "true").output()?;
    ensure!(
        output.status.code() == Some(125) && format_output(&output).contains("two mounts on /o"),
        "{}",
        format_output(&output)
    );
    Ok(())
}

fn a_file_on_a_directory_and_a_directory_on_a_file_are_refused() -> Result<()> {
    fs::create_dir("/tmp/directory")?;
    fs::write("/tmp/file", "")?;
    for (volume, word) in [
        ("/tmp/file:/etc", "is a directory"),
        ("/tmp/directory:/etc/passwd", "is not a directory"),
        ("/tmp/directory:/etc/passwd/x", "ENOTDIR"),
    ] {
        let output = running::run(&["-v", volume], "true").output()?;
        ensure!(output.status.code() == Some(125), "{volume}: {}", format_output(&output));
        ensure!(format_output(&output).contains(word), "{volume}: {word:?} is missing in {}", format_output(&output));
    }
    expect_empty_store()
}

fn a_target_that_leads_out_of_the_root_lands_inside() -> Result<()> {
    let root = boxes::small("box")?;
    fs::create_dir_all("/tmp/outside/deep")?;
    fs::create_dir_all(root.join("tmp/outside/deep"))?;
    fs::create_dir("/tmp/data")?;
    fs::write("/tmp/data/mark", "data")?;
    symlink("/tmp/outside", root.join("absolute"))?;
    symlink("../../../tmp/outside", root.join("relative"))?;
    for target in ["/absolute", "/relative", "/absolute/deep", "/relative/deep", "/../../tmp/outside"] {
        let before = fs::read_to_string("/proc/self/mountinfo")?;
        let volume = format!("/tmp/data:{target}");
        let running = Running::start(&["--rootfs", "/tmp/box", "-v", &volume], &format!("cat {target}/mark; echo;"))?;
        ensure!(running.said == "data\n", "{target}: {}", running.said);
        let place = if target.ends_with("deep") { "/tmp/outside/deep" } else { "/tmp/outside" };
        ensure!(
            running.mounts()?.iter().any(|mount| mount.mount_point == Path::new(place)),
            "{target}: not at {place} inside"
        );
        ensure!(
            !Path::new("/tmp/outside/mark").exists() && !Path::new("/tmp/outside/deep/mark").exists(),
            "{target} got out"
        );
        ensure!(fs::read_to_string("/proc/self/mountinfo")? == before);
    }
    // A link of /proc's leads anywhere: not a target.
    let output = running::run(&["--rootfs", "/tmp/box", "-v", "/tmp/data:/proc/1/root/tmp"], "true").output()?;
    ensure!(output.status.code() == Some(125), "{}", format_output(&output));
    Ok(())
}

fn proc_sys_or_dev_being_a_link_is_refused() -> Result<()> {
    for (number, name) in ["proc", "sys", "dev"].into_iter().enumerate() {
        let root = boxes::small(&format!("box{number}"))?;
        fs::remove_dir(root.join(name))?;
        fs::create_dir_all("/tmp/outside")?;
        symlink("/tmp/outside", root.join(name))?;
        let output = running::run(&["--rootfs", &boxes::text(&root)], "true").output()?;
        ensure!(output.status.code() == Some(125), "{name}: {}", format_output(&output));
        ensure!(
            format_output(&output).contains(&format!("/{name} in the root file system is a link")),
            "{}",
            format_output(&output)
        );
    }
    ensure!(boxes::names(Path::new("/tmp/outside"))?.is_empty());
    expect_empty_store()
}

/// A lab's directories are read-only, and for an ordinary user the kernel has locked that.
fn locked_flags_are_kept() -> Result<()> {
    let here = std::env::current_dir()?;
    ensure!(fs::write(here.join("mark"), "").is_err(), "the lab's working directory can be written to");
    let volume = format!("{}:/data", here.display());
    let said = says(
        &["-v", &volume],
        "(echo x >/data/mark) 2>&1; mount -o remount,bind,rw /data 2>/dev/null && echo thawed; mount -o remount,bind,ro /data && echo fine",
    )?;
    ensure!(said.contains("Read-only") && said.contains("fine"), "{said}");
    // True root may unlock what true root has locked.
    ensure!(running::is_root() || !said.contains("thawed"), "{said}");
    Ok(())
}

fn a_volume_may_be_relative_or_a_link() -> Result<()> {
    fs::create_dir("/tmp/data")?;
    fs::write("/tmp/data/mark", "data")?;
    symlink("data", "/tmp/link")?;
    for source in ["./data", "./link", "data/", "../tmp/data", "."] {
        let mut command: Command = running::run(&["-v", &format!("{source}:/v")], "cat /v/mark || cat /v/data/mark");
        let output = command.current_dir("/tmp").output()?;
        ensure!(output.stdout == b"data", "{source}: {}", format_output(&output));
    }
    Ok(())
}

fn a_read_only_volume_stays_so_and_what_is_mounted_below_it() -> Result<()> {
    fs::create_dir_all("/tmp/data/below")?;
    mount(Some("below"), "/tmp/data/below", Some("tmpfs"), MsFlags::empty(), None::<&str>)?;
    let args = ["-v", "/tmp/data:/data:ro"];
    let running = Running::start(
        &args,
        "(echo x >/data/x) 2>&1; (echo x >/data/below/x) 2>&1; mkdir /data/y /data/below/y 2>&1;",
    )?;
    ensure!(running.said.matches("Read-only").count() == 4, "{}", running.said);
    let mounts = running.mounts()?;
    for place in ["/data", "/data/below"] {
        let mount = mounts.iter().find(|mount| mount.mount_point == Path::new(place)).context("no such mount")?;
        ensure!(mount.is_read_only(), "{place} can be written to");
    }
    // The host's own is as before.
    fs::write("/tmp/data/below/x", "")?;
    Ok(())
}

fn a_target_that_is_the_root_is_refused_whatever_it_is_called() -> Result<()> {
    let root = &boxes::text(&boxes::small("box")?);
    symlink("/", "/tmp/box/whole")?;
    symlink("whole/etc/..", "/tmp/box/again")?;
    fs::create_dir("/tmp/data")?;
    for target in ["/etc/..", "/whole", "/again", "/etc/../..", "/whole/."] {
        for flags in [["-v".into(), format!("/tmp/data:{target}")], ["--tmpfs".into(), target.to_string()]] {
            let args = ["--rootfs", root, &flags[0], &flags[1]];
            let output = running::run(&args, "true").output()?;
            let stderr = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.code() == Some(125), "{flags:?}: {}", format_output(&output));
            ensure!(stderr.contains("the target is the root itself"), "{flags:?}: {stderr}");
        }
    }
    expect_empty_store()
}

fn a_volume_that_another_one_hides_is_refused() -> Result<()> {
    let root = &boxes::text(&boxes::small("box")?);
    fs::create_dir("/tmp/box/data")?;
    symlink("/data", "/tmp/box/link")?;
    for (one, other) in [("/data", "/etc/../data"), ("/data", "/link"), ("/data/sub", "/etc/../etc/../data")] {
        let args = ["--rootfs", root, "--tmpfs", one, "--tmpfs", other];
        let output = running::run(&args, "true").output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.code() == Some(125) && stderr.contains("another volume hides"),
            "{one} {other}: {stderr}"
        );
    }
    // A volume in a volume is seen, whatever their targets are called.
    let args = ["--rootfs", root, "--tmpfs", "/link/sub", "--tmpfs", "/data", "--tmpfs", "/etc/x"];
    ensure!(running::run(&args, "true").status()?.success());
    Ok(())
}
