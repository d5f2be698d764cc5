//! Devices, shared memory, and profiles of the user's own: for `run`, `run -d` and `exec`.

use std::fs;

use anyhow::{Result, ensure};
use testkit::{Case, cases, needs};

use crate::world::{Attack, fails, format_output, is_root, probe, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        a_node_of_a_device_gives_no_right_to_open_it,
        a_device_that_was_asked_for_can_be_opened,
        a_part_of_a_device_is_a_part,
        a_device_or_mode_that_makes_no_sense_is_refused,
        shared_memory_has_the_size_that_was_asked_for,
        nothing_is_mounted_on_proc,
        a_profile_decides_which_calls_are_allowed,
        a_profile_looks_at_arguments_and_capabilities,
        a_profile_that_cannot_be_expressed_names_file_and_field,
    ]
}

/// A device that no container has by default, and everybody may open.
const FUSE: &str = "/dev/fuse";

fn needs_fuse() -> Result<()> {
    needs::that(fs::File::options().read(true).write(true).open(FUSE).is_ok(), "/dev/fuse")
}

/// CAP_MKNOD is among the defaults.
fn a_node_of_a_device_gives_no_right_to_open_it() -> Result<()> {
    needs_fuse()?;
    let script = "mknod /tmp/fuse c 10 229 && exec 3<>/tmp/fuse";
    let attack = Attack { command: &["sh", "-c", script], ..Attack::default() };
    attack.in_each_way(|output| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(!output.status.success() && said.contains("ot permitted"), "{}", format_output(output));
        ensure!(!is_root() || !said.contains("mknod"), "the node could not even be made: {said}");
        Ok(())
    })?;
    if is_root() {
        // All devices, all of which are there.
        succeeds(&["run", "--rm", "--privileged", "hostbox", "sh", "-c", script])?;
        succeeds(&["run", "--rm", "--privileged", "hostbox", "sh", "-c", "exec 3<>/dev/fuse"])?;
    }
    Ok(())
}

fn a_device_that_was_asked_for_can_be_opened() -> Result<()> {
    needs_fuse()?;
    let flags = ["--device", FUSE, "--device", "/dev/fuse:/dev/of/mine"];
    let script = "exec 3<>/dev/fuse 4<>/dev/of/mine && stat -c '%t:%T' /dev/fuse /dev/of/mine";
    let attack = Attack { flags: &flags, command: &["sh", "-c", script], ..Attack::default() };
    attack.in_each_way(|output| {
        ensure!(output.stdout == b"a:e5\na:e5\n", "{}", format_output(output));
        Ok(())
    })?;
    // The host's node is not the container's to change.
    let mode = || fs::metadata(FUSE).map(|found| std::os::unix::fs::PermissionsExt::mode(&found.permissions()));
    let before = mode()?;
    let _ = crate::world::program(&["run", "--rm", "--device", FUSE, "hostbox", "chmod", "0", FUSE]).output()?;
    ensure!(mode()? == before, "a container changed the mode of the host's {FUSE}");
    Ok(())
}

fn a_part_of_a_device_is_a_part() -> Result<()> {
    needs_fuse()?;
    if !is_root() {
        let message = fails(&["run", "--device", "/dev/fuse:r", "hostbox", "true"], 125)?;
        ensure!(message.contains("only the machine's root"), "{message}");
        return Ok(());
    }
    let flags = ["--device", "/dev/fuse:r"];
    let script = "exec 3</dev/fuse || exit 1; (exec 4>/dev/fuse) 2>/dev/null && exit 2; exit 0";
    let attack = Attack { flags: &flags, command: &["sh", "-c", script], ..Attack::default() };
    attack.in_each_way(|output| {
        ensure!(output.status.success(), "{}", format_output(output));
        Ok(())
    })
}

fn a_device_or_mode_that_makes_no_sense_is_refused() -> Result<()> {
    let refused = |device: &str, said: &str| -> Result<()> {
        let message = fails(&["run", "--device", device, "hostbox", "true"], 125)?;
        ensure!(message.contains(said), "{device}: {message}");
        Ok(())
    };
    refused("/dev/none-such", "cannot look at the device /dev/none-such")?;
    refused("/etc/passwd", "is not a device")?;
    refused("fuse", "invalid device")?;
    refused("/dev/fuse:/dev/x:q", "invalid device")?;
    let message = fails(&["run", "--userns", "mine", "hostbox", "true"], 125)?;
    ensure!(message.contains("invalid USER mode"), "{message}");
    if is_root() {
        let inside = succeeds(&["run", "--rm", "--userns", "host", "hostbox", "readlink", "/proc/self/ns/user"])?;
        ensure!(inside == fs::read_link("/proc/self/ns/user")?.display().to_string());
    } else {
        let message = fails(&["run", "--userns", "host", "hostbox", "true"], 125)?;
        ensure!(message.contains("user namespace of its own"), "{message}");
    }
    Ok(())
}

fn shared_memory_has_the_size_that_was_asked_for() -> Result<()> {
    for (flags, size) in [(&[][..], "65536k"), (&["--shm-size", "1m"], "1024k")] {
        let attack = Attack { flags, command: &["grep", " /dev/shm ", "/proc/self/mountinfo"], ..Attack::default() };
        attack.in_each_way(|output| {
            let line = String::from_utf8_lossy(&output.stdout);
            ensure!(line.contains(&format!("size={size}")), "{flags:?}: {}", format_output(output));
            Ok(())
        })?;
    }
    let script = "head -c 2000000 /dev/zero >/dev/shm/file";
    let message = fails(&["run", "--rm", "--shm-size", "1m", "hostbox", "sh", "-c", script], 1)?;
    ensure!(message.contains("No space left"), "{message}");
    ensure!(fails(&["run", "--shm-size", "much", "hostbox", "true"], 125)?.contains("is no size"));
    Ok(())
}

/// CVE-2019-16884, -19921: who decides what /proc shows decides what masks and settings are
/// written to.
fn nothing_is_mounted_on_proc() -> Result<()> {
    fs::create_dir_all("/tmp/fake/self/attr")?;
    for flags in [
        ["-v", "/tmp/fake:/proc"],
        ["-v", "/tmp/fake:/proc/sys/net"],
        ["-v", "/tmp/fake:/var/../proc"],
        ["--tmpfs", "/proc/acpi"],
        ["--mount", "type=bind,source=/tmp/fake,target=/proc"],
        ["-v", "fake-volume:/proc"],
    ] {
        let message = fails(&["run", "--rm", flags[0], flags[1], "hostbox", "true"], 125)?;
        ensure!(message.contains("nothing can be mounted on /proc"), "{flags:?}: {message}");
    }
    // What lxcfs does.
    fs::write("/tmp/meminfo", "MemTotal: 1 kB\n")?;
    let shown = succeeds(&["run", "--rm", "-v", "/tmp/meminfo:/proc/meminfo:ro", "hostbox", "cat", "/proc/meminfo"])?;
    ensure!(shown == "MemTotal: 1 kB", "{shown}");
    Ok(())
}

/// All calls but some.
fn a_profile_decides_which_calls_are_allowed() -> Result<()> {
    let text = r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["sched_yield", "s390_sthyi"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95},
        {"name": "getpriority", "action": "SCMP_ACT_ERRNO"}]}"#;
    fs::write("/tmp/few.json", text)?;
    let flags = ["--security-opt", "seccomp=few.json"];
    for (call, expected) in [("sched_yield", "EOPNOTSUPP"), ("getpriority", "EPERM"), ("getpid", "done")] {
        // By its name in the caller's directory: the file is read when the container is made.
        std::env::set_current_dir("/tmp")?;
        let attack = Attack { flags: &flags, command: &["/probe", "call", call, "0", "0"], ..Attack::default() };
        attack.in_each_way(|output| {
            let said = String::from_utf8_lossy(&output.stdout);
            ensure!(said.trim_end() == expected, "{call}: {said} instead of {expected}: {}", format_output(output));
            Ok(())
        })?;
    }
    // The default filter is gone: the profile is all there is.
    let keyctl = probe(&flags, &["call", "keyctl", "99"])?;
    ensure!(keyctl == "EOPNOTSUPP", "{keyctl}");
    // And with privileges nobody asks it.
    let free = probe(&["--privileged", "--security-opt", "seccomp=/tmp/few.json"], &["call", "sched_yield"])?;
    ensure!(free == "done", "{free}");
    // Started again without the file.
    succeeds(
        &[&["create", "--name", "kept"], &flags[..], &["hostbox", "grep", "Seccomp:", "/proc/self/status"]].concat(),
    )?;
    fs::remove_file("/tmp/few.json")?;
    ensure!(succeeds(&["start", "-a", "kept"])? == "Seccomp:\t2");
    Ok(())
}

/// No call but some.
fn a_profile_looks_at_arguments_and_capabilities() -> Result<()> {
    // What a shell and our probe need would be a long list: everything is allowed but one call, of
    // which one use is allowed for those who may administer networks.
    let text = r#"{"defaultAction": "SCMP_ACT_ALLOW", "archMap": [{"architecture": "SCMP_ARCH_X86_64",
        "subArchitectures": ["SCMP_ARCH_X86"]}, {"architecture": "SCMP_ARCH_AARCH64"}], "syscalls": [
        {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13,
         "args": [{"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 15, "valueTwo": 2, "op": "SCMP_CMP_MASKED_EQ"}],
         "excludes": {"caps": ["CAP_NET_ADMIN"]}},
        {"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "includes": {"minKernel": "99.0"}}]}"#;
    fs::write("/tmp/sockets.json", text)?;
    let flags = ["--security-opt", "seccomp=/tmp/sockets.json"];
    for (call, expected) in [
        (&["call", "socket", "2", "2", "0"][..], "EACCES"),
        (&["call", "socket", "2", "0x80002", "0"], "EACCES"),
        (&["call", "socket", "2", "1", "0"], "done"),
        (&["call", "socket", "1", "2", "0"], "done"),
        (&["call", "getpriority", "0", "0"], "done"),
    ] {
        let said = probe(&flags, call)?;
        ensure!(said == expected, "{call:?}: {said} instead of {expected}");
    }
    let more = [&flags[..], &["--cap-add", "NET_ADMIN"]].concat();
    ensure!(probe(&more, &["call", "socket", "2", "2", "0"])? == "done");
    Ok(())
}

fn a_profile_that_cannot_be_expressed_names_file_and_field() -> Result<()> {
    for (text, field) in [
        ("hello", "not a seccomp profile"),
        (r#"{"syscalls": []}"#, "defaultAction"),
        (r#"{"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/x"}"#, "listenerPath"),
        (r#"{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG"]}"#, "flags[0]"),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_NOTIFY"}]}"#,
            "syscalls[0]: action: SCMP_ACT_NOTIFY",
        ),
    ] {
        fs::write("/tmp/bad.json", text)?;
        for verb in ["run", "create"] {
            let message = fails(&[verb, "--security-opt", "seccomp=/tmp/bad.json", "hostbox", "true"], 125)?;
            ensure!(message.contains("/tmp/bad.json") && message.contains(field), "{text}: {message}");
        }
    }
    ensure!(succeeds(&["ps", "-aq"])?.is_empty(), "containers are left");
    Ok(())
}
