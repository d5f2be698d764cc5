//! Fewer powers, as the kernel has them: capabilities one by one, the filter group by group.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Result, ensure};
use testkit::{Case, cases};

use crate::world::{Attack, format_output, inspect, is_root, probe, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        a_command_has_dockers_capabilities_and_the_filter,
        what_shows_the_machine_is_covered,
        each_capability_that_is_taken_away_is_needed_for_something,
        each_capability_that_is_left_can_be_taken_away,
        each_group_of_the_filter_refuses_one_call_and_allows_another,
        the_filter_looks_at_arguments,
        no_new_privileges_and_privileged_are_kept_to,
        namespaces_of_the_host_are_shared_where_asked,
        who_shares_the_ipc_namespace_shares_dev_shm,
        inspect_and_top_show_the_powers_as_the_kernel_has_them,
    ]
}

fn a_command_has_dockers_capabilities_and_the_filter() -> Result<()> {
    let attack = Attack { command: &["cat", "/proc/self/status"], ..Attack::default() };
    attack.in_each_way(|output| {
        let status = String::from_utf8_lossy(&output.stdout);
        for line in [
            "CapInh:\t0000000000000000",
            "CapPrm:\t00000000a80425fb",
            "CapEff:\t00000000a80425fb",
            "CapBnd:\t00000000a80425fb",
            "CapAmb:\t0000000000000000",
            "NoNewPrivs:\t0",
            "Seccomp:\t2",
        ] {
            ensure!(status.lines().any(|known| known == line), "{line} is missing: {}", format_output(output));
        }
        Ok(())
    })
}

fn what_shows_the_machine_is_covered() -> Result<()> {
    let script = "for f in /proc/kcore /proc/interrupts /proc/timer_list; do \
                  test ! -e $f || { test -c $f && test ! -s $f && cat $f; }; done; \
                  for d in /sys/firmware /proc/acpi /proc/scsi; do test ! -d $d || test -z \"$(ls -A $d)\" || exit 2; done; \
                  echo x 2>/dev/null >/proc/sys/kernel/hostname && exit 3; \
                  echo x 2>/dev/null >/proc/sysrq-trigger && exit 4; \
                  umount /proc/interrupts 2>/dev/null && exit 5; mount -o remount,rw /proc/sys 2>/dev/null && exit 6; echo covered";
    let attack = Attack { command: &["sh", "-c", script], ..Attack::default() };
    attack.in_each_way(|output| {
        ensure!(output.status.success() && output.stdout == b"covered\n", "{}", format_output(output));
        Ok(())
    })?;
    let open = succeeds(&["run", "--rm", "--privileged", "hostbox", "sh", "-c", "wc -c </proc/interrupts"])?;
    ensure!(open != "0", "the test proves nothing");
    Ok(())
}

/// Who has the power over what the operation touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Root of a user namespace, for what belongs to it.
    Namespace,
    /// Only the machine's root.
    Machine,
}
use Scope::{Machine, Namespace};

/// An operation that needs one capability, and flags that make it visible.
struct Needs {
    capability: &'static str,
    scope: Scope,
    flags: &'static [&'static str],
    operation: &'static [&'static str],
    /// What it says with the capability.
    with: &'static str,
}

const fn needs(
    capability: &'static str,
    scope: Scope,
    flags: &'static [&'static str],
    operation: &'static [&'static str],
    with: &'static str,
) -> Needs {
    Needs { capability, scope, flags, operation, with }
}

/// Taken away by default. Not tried: SYS_MODULE, SYS_TIME and AUDIT_CONTROL (they would
/// change the machine), MAC_OVERRIDE and MAC_ADMIN (no such security module here), NET_BROADCAST
/// (the kernel asks for it nowhere), BLOCK_SUSPEND (epoll ignores it silently), AUDIT_READ,
/// PERFMON, SYS_RAWIO and WAKE_ALARM (they depend on how the kernel was built), SYS_RESOURCE (CI's
/// root lacks it).
const TAKEN: [Needs; 15] = [
    needs("DAC_READ_SEARCH", Namespace, &["--cap-drop", "DAC_OVERRIDE"], &["read", "/tmp/closed/file"], "done"),
    needs("LINUX_IMMUTABLE", Machine, &[], &["immutable"], "done"),
    needs("NET_ADMIN", Namespace, &[], &["lo-down"], "done"),
    needs("IPC_LOCK", Machine, &["--ulimit", "memlock=0"], &["mlock"], "done"),
    needs("IPC_OWNER", Namespace, &[], &["shared-memory"], "done"),
    needs("SYS_PTRACE", Namespace, &[], &["call", "kcmp", "1", "1", "99", "0", "0"], "EINVAL"),
    needs("SYS_PACCT", Machine, &[], &["call", "acct", "0"], "done"),
    needs("SYS_ADMIN", Namespace, &[], &["call", "mount", "none", "/mnt", "tmpfs", "0", "0"], "done"),
    // The order of checks in reboot(2): power, then the magic numbers, which are wrong here.
    needs("SYS_BOOT", Namespace, &[], &["call", "reboot", "0", "0", "0", "0"], "EINVAL"),
    needs("SYS_NICE", Machine, &[], &["call", "setpriority", "0", "0", "-5"], "done"),
    needs("SYS_TTY_CONFIG", Machine, &[], &["call", "vhangup"], "done"),
    needs("LEASE", Machine, &[], &["lease"], "done"),
    needs("SYSLOG", Machine, &[], &["call", "syslog", "9", "0", "0"], "done"),
    needs("BPF", Namespace, &[], &["call", "bpf", "99", "0", "0"], "EINVAL"),
    needs("CHECKPOINT_RESTORE", Machine, &[], &["map-files"], "done"),
];

fn each_capability_that_is_taken_away_is_needed_for_something() -> Result<()> {
    fs::create_dir("/tmp/closed")?;
    fs::write("/tmp/closed/file", "text")?;
    fs::set_permissions("/tmp/closed/file", PermissionsExt::from_mode(0o000))?;
    for Needs { capability, scope, flags, operation, with } in &TAKEN {
        let flags = [flags, &["-v", "/tmp/closed:/tmp/closed"][..]].concat();
        let said = probe(&[&flags[..], &["--cap-add", capability]].concat(), operation)?;
        if *scope == Machine && !is_root() {
            ensure!(said != *with, "a user has the machine's {capability}");
            continue;
        }
        ensure!(said == *with, "with {capability}: {said}");
        let without = probe(&flags, operation)?;
        ensure!(["EPERM", "EACCES", "ENOMEM"].contains(&without.as_str()), "without {capability}: {without}");
    }
    Ok(())
}

/// Left by default.
const LEFT: [Needs; 6] = [
    needs("NET_RAW", Namespace, &[], &["call", "socket", "2", "3", "1"], "done"),
    needs("SYS_CHROOT", Namespace, &[], &["call", "chroot", "/tmp"], "done"),
    needs(
        "NET_BIND_SERVICE",
        Namespace,
        &["--sysctl", "net.ipv4.ip_unprivileged_port_start=1024"],
        &["port-80"],
        "done",
    ),
    needs("DAC_OVERRIDE", Namespace, &[], &["read", "/tmp/closed/file"], "done"),
    needs("CHOWN", Machine, &[], &["chown"], "done"),
    needs("MKNOD", Machine, &[], &["device"], "done"),
];

fn each_capability_that_is_left_can_be_taken_away() -> Result<()> {
    fs::create_dir("/tmp/closed")?;
    fs::write("/tmp/closed/file", "text")?;
    fs::set_permissions("/tmp/closed/file", PermissionsExt::from_mode(0o000))?;
    for Needs { capability, scope, flags, operation, with } in &LEFT {
        if *scope == Machine && !is_root() {
            continue;
        }
        let flags = [flags, &["-v", "/tmp/closed:/tmp/closed"][..]].concat();
        let said = probe(&flags, operation)?;
        ensure!(said == *with, "with {capability}: {said}");
        let without = probe(&[&flags[..], &["--cap-drop", capability]].concat(), operation)?;
        ensure!(["EPERM", "EACCES"].contains(&without.as_str()), "without {capability}: {without}");
    }
    Ok(())
}

/// Calls that come with a capability: refused by the filter without it, and with it the kernel
/// looks at their arguments, which are wrong.
const GROUPS: [(&str, &[&str], &str); 14] = [
    ("DAC_READ_SEARCH", &["open_by_handle_at", "-1", "0", "0"], "EFAULT"),
    ("SYS_ADMIN", &["fsopen", "0", "0"], "EFAULT"),
    ("SYS_ADMIN", &["setns", "-1", "0"], "EBADF"),
    ("SYS_ADMIN", &["unshare", "1"], "EINVAL"),
    ("SYS_ADMIN", &["open_tree", "-1", "x", "0"], "EBADF"),
    ("SYS_BOOT", &["reboot", "0", "0", "0", "0"], "EINVAL"),
    ("SYS_CHROOT", &["chroot", "/none"], "ENOENT"),
    ("SYS_PTRACE", &["pidfd_getfd", "-1", "0", "1"], "EINVAL"),
    ("SYS_PACCT", &["acct", "/none/x"], "ENOENT"),
    ("SYS_TIME", &["clock_settime", "99", "0"], "EINVAL"),
    ("SYS_NICE", &["mbind", "1", "0", "0", "0", "0", "0"], "EINVAL"),
    ("SYSLOG", &["syslog", "99", "0", "0"], "EINVAL"),
    ("BPF", &["bpf", "99", "0", "0"], "EINVAL"),
    ("PERFMON", &["perf_event_open", "0", "0", "0", "0", "0"], "EFAULT"),
];

fn each_group_of_the_filter_refuses_one_call_and_allows_another() -> Result<()> {
    for (capability, call, with) in GROUPS {
        let operation = [&["call"], call].concat();
        let without = probe(&["--cap-drop", capability], &operation)?;
        ensure!(without == "EPERM", "{capability} {call:?}: without it {without}");
        let said = probe(&["--cap-add", capability], &operation)?;
        // The power over what isn't a namespace's stays the machine's root's.
        ensure!(said == with || (!is_root() && said == "EPERM"), "{capability} {call:?}: with it {said}");
    }
    // What these say depends on how the kernel was built; one without modules or ports knows no call.
    let machines: &[(&str, &[&str], &[&str])] = &[
        ("SYS_MODULE", &["delete_module", "no-such-module", "0"], &["ENOENT", "ENOSYS", "EBUSY"]),
        #[cfg(target_arch = "x86_64")]
        ("SYS_RAWIO", &["iopl", "0"], &["done", "ENOSYS"]),
    ];
    for (capability, call, with) in machines {
        let operation = [&["call"], *call].concat();
        let without = probe(&["--cap-drop", capability], &operation)?;
        ensure!(without == "EPERM", "{capability} {call:?}: without it {without}");
        let said = probe(&["--cap-add", capability], &operation)?;
        let is_off = *capability == "SYS_MODULE"
            && fs::read_to_string("/proc/sys/kernel/modules_disabled").is_ok_and(|text| text.trim() == "1");
        let is_refused = said == "EPERM" && (!is_root() || is_off);
        ensure!(with.contains(&said.as_str()) || is_refused, "{capability} {call:?}: with it {said}");
    }
    // Nobody gets these, whatever the capabilities; without the filter the kernel knows them.
    for call in [
        &["keyctl", "99"][..],
        &["add_key", "0", "0", "0", "0", "0"],
        &["io_uring_setup", "0", "0"],
        &["userfaultfd", "-1"],
        &["swapon", "0", "0"],
        &["kexec_load", "0", "99", "0", "0"],
    ] {
        let operation = [&["call"], call].concat();
        let said = probe(&["--cap-add", "ALL"], &operation)?;
        ensure!(said == "EPERM", "{call:?}: {said}");
    }
    let unfiltered = probe(&["--security-opt", "seccomp=unconfined"], &["call", "keyctl", "99"])?;
    ensure!(unfiltered == "EOPNOTSUPP", "{unfiltered}");
    for allowed in [&["getpid"][..], &["sched_yield"]] {
        ensure!(probe(&["--cap-drop", "ALL"], &[&["call"], allowed].concat())? == "done");
    }
    Ok(())
}

fn the_filter_looks_at_arguments() -> Result<()> {
    // CLONE_NEWUSER, which needs no capability, by clone(2); clone3(2) isn't there.
    let says = |flags: &[&str], operation: &[&str], expected: &str| -> Result<()> {
        let said = probe(flags, operation)?;
        ensure!(said == expected, "{flags:?} {operation:?}: {said} instead of {expected}");
        Ok(())
    };
    says(&[], &["clone", "0x10000000"], "EPERM")?;
    says(&[], &["clone", "0"], "done")?;
    says(&[], &["call", "clone3", "0", "0"], "ENOSYS")?;
    says(&["--cap-add", "SYS_ADMIN"], &["call", "clone3", "0", "0"], "EINVAL")?;
    says(&["--cap-add", "SYS_ADMIN"], &["clone", "0x4000000"], "done")?;
    says(&[], &["call", "socket", "40", "1", "0"], "EPERM")?;
    says(&[], &["call", "socket", "1", "1", "0"], "done")?;
    says(&[], &["call", "personality", "0x0040000"], "EPERM")?;
    says(&[], &["call", "personality", "0xffffffff"], "done")?;
    // The same call by x32's number, and by that of 32-bit programs: never past the filter.
    #[cfg(target_arch = "x86_64")]
    {
        says(&[], &["call", "0x40000027"], "EPERM")?;
        let attack = Attack { command: &["/probe", "int80"], ..Attack::default() };
        attack.in_each_way(|output| {
            ensure!(output.status.code() == Some(128 + 31), "SIGSYS was expected: {}", format_output(output));
            Ok(())
        })?;
    }
    Ok(())
}

fn no_new_privileges_and_privileged_are_kept_to() -> Result<()> {
    let flags = ["--security-opt", "no-new-privileges"];
    let attack = Attack {
        flags: &flags,
        command: &["grep", "-E", "NoNewPrivs|Seccomp:", "/proc/self/status"],
        ..Attack::default()
    };
    attack.in_each_way(|output| {
        ensure!(output.stdout == b"NoNewPrivs:\t1\nSeccomp:\t2\n", "{}", format_output(output));
        Ok(())
    })?;
    let attack = Attack { flags: &["--privileged"], command: &["cat", "/proc/self/status"], ..Attack::default() };
    attack.in_each_way(|output| {
        let status = String::from_utf8_lossy(&output.stdout);
        ensure!(status.contains("Seccomp:\t0") && !status.contains("CapEff:\t00000000a80425fb"), "{status}");
        Ok(())
    })?;
    // One command with all powers, in a container without them.
    succeeds(&["run", "-d", "--name", "tame", "hostbox", "sleep", "1000"])?;
    let script = "mount -t tmpfs none /mnt && echo mounted";
    ensure!(succeeds(&["exec", "--privileged", "tame", "sh", "-c", script])? == "mounted");
    Ok(())
}

fn namespaces_of_the_host_are_shared_where_asked() -> Result<()> {
    let own = |kind: &str| fs::read_link(format!("/proc/self/ns/{kind}")).map(|link| link.display().to_string());
    for kind in ["uts", "ipc", "pid"] {
        let path = format!("/proc/self/ns/{kind}");
        let inside = |flags: &[&str]| succeeds(&[&["run", "--rm"], flags, &["hostbox", "readlink", &path]].concat());
        ensure!(inside(&[])? != own(kind)?, "{kind} is the host's");
        ensure!(inside(&[&format!("--{kind}=host")])? == own(kind)?, "{kind} is not the host's");
    }
    succeeds(&["run", "-d", "--name", "first", "hostbox", "sleep", "1000"])?;
    let read = ["readlink", "/proc/self/ns/ipc", "/proc/self/ns/pid"];
    let theirs = succeeds(&[&["exec", "first"], &read[..]].concat())?;
    let joined =
        succeeds(&[&["run", "--rm", "--ipc=container:first", "--pid=container:first", "hostbox"], &read[..]].concat())?;
    ensure!(joined == theirs, "{joined}\n{theirs}");
    Ok(())
}

fn who_shares_the_ipc_namespace_shares_dev_shm() -> Result<()> {
    fs::write("/dev/shm/of-host", "host")?;
    let sh =
        |flags: &[&str], script: &str| succeeds(&[&["run", "--rm"], flags, &["hostbox", "sh", "-c", script]].concat());
    ensure!(sh(&[], "ls /dev/shm")?.is_empty(), "the host's shared memory is in a container that didn't ask for it");
    ensure!(sh(&["--ipc=host"], "cat /dev/shm/of-host; echo back >/dev/shm/of-container")? == "host");
    ensure!(fs::read_to_string("/dev/shm/of-container")? == "back\n");
    succeeds(&["run", "-d", "--name", "first", "hostbox", "sh", "-c", "echo first >/dev/shm/x; sleep 1000"])?;
    testkit::eventually("the first container has written", || {
        Ok(succeeds(&["exec", "first", "cat", "/dev/shm/x"]).is_ok())
    })?;
    let joined = ["--ipc=container:first"];
    ensure!(sh(&joined, "cat /dev/shm/x; echo second >/dev/shm/y; ls /dev/shm")? == "first\nx\ny");
    ensure!(succeeds(&["exec", "first", "cat", "/dev/shm/y"])? == "second");
    // Who mounts something of their own there gets that, and the flags of /dev/shm stay.
    ensure!(sh(&["--ipc=host", "--tmpfs", "/dev/shm"], "ls /dev/shm")?.is_empty());
    let mounts = sh(&["--ipc=host"], "grep ' /dev/shm ' /proc/self/mounts | tail -n 1")?;
    ensure!(["nosuid", "nodev", "noexec"].iter().all(|flag| mounts.contains(flag)), "{mounts}");
    Ok(())
}

fn inspect_and_top_show_the_powers_as_the_kernel_has_them() -> Result<()> {
    let flags = ["--cap-drop", "ALL", "--cap-add", "CHOWN", "--security-opt", "no-new-privileges", "--shm-size", "1m"];
    succeeds(&[&["run", "-d", "--name", "bare"], &flags[..], &["hostbox", "sleep", "1000"]].concat())?;
    let powers = inspect("bare", "{{json .HostConfig.Coracle.Powers}}")?;
    for part in
        [r#""Effective":["CHOWN"]"#, r#""Bounding":["CHOWN"]"#, r#""Seccomp":"filter""#, r#""NoNewPrivileges":true"#]
    {
        ensure!(powers.contains(part), "{part} is missing: {powers}");
    }
    let table = succeeds(&["top", "bare", "--powers"])?;
    let row: Vec<&str> = table.lines().nth(1).unwrap_or_default().split_whitespace().collect();
    ensure!(row[2..4] == ["0000000000000001"; 2] && row[4] == "filter," && row[6..] == ["yes", "sleep"], "{table}");
    for (field, expected) in [
        ("CapAdd", r#"["CHOWN"]"#),
        ("CapDrop", r#"["ALL"]"#),
        ("ShmSize", "1048576"),
        ("Privileged", "false"),
        ("ReadonlyPaths", r#"["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"]"#),
    ] {
        let said = inspect("bare", &format!("{{{{json .HostConfig.{field}}}}}"))?;
        ensure!(said == expected, "{field}: {said}");
    }
    ensure!(inspect("bare", "{{json .HostConfig.MaskedPaths}}")?.contains("/proc/kcore"));
    succeeds(&["run", "-d", "--name", "strong", "--privileged", "--network", "none", "hostbox", "sleep", "1000"])?;
    let powers = inspect("strong", "{{json .HostConfig.Coracle.Powers}}")?;
    ensure!(powers.contains("SYS_ADMIN") && powers.contains(r#""Seccomp":"none""#), "{powers}");
    ensure!(inspect("strong", "{{json .HostConfig.MaskedPaths}}")? == "null");
    // Its network, as it is.
    let way = succeeds(&["exec", "bare", "ip", "route"])?;
    let gateway = inspect("bare", "{{.NetworkSettings.Gateway}}")?;
    let expected = way.split_whitespace().skip_while(|word| *word != "via").nth(1).unwrap_or_default();
    ensure!(gateway == expected, "{gateway:?} instead of {expected:?}");
    succeeds(&["stop", "-t", "0", "bare"])?;
    ensure!(inspect("bare", "{{json .HostConfig.Coracle.Powers}}")? == "null");
    Ok(())
}
