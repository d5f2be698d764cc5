//! Holes that other runtimes have had, each attacked again: by `run`, by `run -d`, and by `exec`.

use std::fs::{self, File};
use std::os::fd::AsFd;
use std::process::Output;

use anyhow::{Result, ensure};
use nix::fcntl::{FcntlArg, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::sys::statvfs::{FsFlags, fstatvfs};
use testkit::{Case, cases, eventually, needs};

use crate::probe::{address, call};
use crate::world::{Attack, COPY, copied_program, fails, format_output, probe_flags, program, shim_of, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        our_program_cannot_be_overwritten_from_inside,
        a_working_directory_behind_a_descriptor_of_ours_is_refused,
        a_command_has_three_descriptors,
        a_null_device_that_is_a_link_opens_no_door,
        a_setting_is_written_to_a_real_proc_or_not_at_all,
        a_directory_exchanged_for_a_link_moves_no_mount_out,
        no_name_service_of_the_image_is_loaded,
        a_volume_is_not_filled_from_the_host,
        groups_of_the_caller_are_left_behind,
        who_has_no_terminal_has_none_to_type_on,
        a_session_keyring_of_the_callers_is_not_reachable,
        directories_deeper_than_our_stack_are_an_error_and_go_away,
        files_that_change_while_they_are_read_cost_nobody_the_others,
    ]
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim_end().to_string()
}

/// CVE-2019-5736.
fn our_program_cannot_be_overwritten_from_inside() -> Result<()> {
    let probe = probe_flags()?;
    let probe: Vec<&str> = probe.iter().map(String::as_str).collect();
    // With --init our program is PID 1 as long as the container lives.
    let args = [&["run", "-d", "--name", "evil", "--init"], &probe[..], &["hostbox", "sleep", "1000"]].concat();
    let begun = copied_program(&args)?.output()?;
    ensure!(begun.status.success(), "{}", format_output(&begun));
    for operation in ["overwrite", "write"] {
        let said = copied_program(&["exec", "evil", "/probe", operation, "/proc/1/exe"])?.output()?;
        ensure!(
            ["ETXTBSY", "EROFS", "EPERM", "EACCES"].contains(&text(&said).as_str()),
            "{operation}: {}",
            format_output(&said)
        );
    }
    // A command that is our own program: exec's victim in 2019.
    let victim = copied_program(&["exec", "evil", "/proc/1/exe", "--version"])?.output()?;
    ensure!(text(&victim).starts_with("ch06-containers"), "{}", format_output(&victim));
    // The shim is whose child enters the container.
    let id = succeeds(&["inspect", "-f", "{{.Id}}", "evil"])?;
    let shim = shim_of(&id)?;
    ensure!(is_unwritable(shim)?, "the shim runs a file that can be written to");
    let init = lab::observe::children(shim)[0];
    ensure!(is_unwritable(init)?, "the init runs a file that can be written to");
    succeeds(&["rm", "-f", "evil"])?;
    for args in [&["run", "--rm"][..], &["run", "-d"]] {
        let args = [args, &["--init"], &probe, &["hostbox", "/probe", "overwrite", "/proc/1/exe"]].concat();
        let output = copied_program(&args)?.output()?;
        ensure!(output.status.success() && text(&output) != "done", "{}", format_output(&output));
    }
    eventually("all have ended", || Ok(succeeds(&["ps", "-q"])?.is_empty()))?;
    ensure!(fs::read(COPY)? == fs::read(env!("CARGO_BIN_EXE_ch06-containers"))?, "our program was overwritten");
    Ok(())
}

fn is_unwritable(pid: i32) -> Result<bool> {
    let program = File::open(format!("/proc/{pid}/exe"))?;
    let is_read_only = fstatvfs(&program)?.flags().contains(FsFlags::ST_RDONLY);
    // All four seals of fcntl(2).
    Ok(is_read_only || fcntl(&program, FcntlArg::F_GET_SEALS).is_ok_and(|seals| seals & 0xf == 0xf))
}

/// CVE-2024-21626.
fn a_working_directory_behind_a_descriptor_of_ours_is_refused() -> Result<()> {
    for number in 0..12 {
        let path = format!("/proc/self/fd/{number}");
        let flags = ["-w", &path];
        let attack = Attack { exec_flags: &flags, command: &["cat", "../../../etc/hostname"], ..Attack::default() };
        attack.in_each_way(|output| {
            ensure!(!output.status.success() && output.stdout.is_empty(), "{path}: {}", format_output(output));
            Ok(())
        })?;
    }
    Ok(())
}

fn a_command_has_three_descriptors() -> Result<()> {
    let attack = Attack { command: &["/probe", "fds"], ..Attack::default() };
    attack.in_each_way(|output| {
        ensure!(text(output) == "0 1 2", "{}", format_output(output));
        Ok(())
    })
}

/// CVE-2025-31133 and -52565: a volume in /dev's place, in which null and console lead elsewhere.
fn a_null_device_that_is_a_link_opens_no_door() -> Result<()> {
    const DOOR: &str = "/proc/sys/kernel/core_pattern";
    fs::create_dir("/tmp/dev")?;
    for name in ["null", "console"] {
        std::os::unix::fs::symlink(DOOR, format!("/tmp/dev/{name}"))?;
    }
    let before = fs::read(DOOR)?;
    for more in [&[][..], &["-t"]] {
        let flags = [&["-v", "/tmp/dev:/dev"], more].concat();
        let probe = probe_flags()?;
        let probe: Vec<&str> = probe.iter().map(String::as_str).collect();
        for way in [&["run", "--rm"][..], &["run", "-d"]] {
            let args = [way, &flags, &probe, &["hostbox", "/probe", "write", DOOR]].concat();
            let output = program(&args).output()?;
            let refused = output.status.code() == Some(125) && !text(&output).contains("done");
            ensure!(refused, "{way:?} {more:?}: {}", format_output(&output));
        }
    }
    ensure!(fs::read(DOOR)? == before);
    // And where it is the real one, the door is closed as well.
    let attack = Attack { command: &["/probe", "write", DOOR], ..Attack::default() };
    attack.in_each_way(|output| {
        ensure!(["EROFS", "EACCES"].contains(&text(output).as_str()), "{}", format_output(output));
        Ok(())
    })
}

/// CVE-2025-52881: a volume below /proc/sys, in which the file that we write to leads elsewhere.
/// (It is refused when it is mounted; that the setting's path crosses no mount is the second lock.)
fn a_setting_is_written_to_a_real_proc_or_not_at_all() -> Result<()> {
    let door = "/proc/sys/net/ipv4/ip_default_ttl";
    fs::create_dir_all("/tmp/net/ipv4")?;
    std::os::unix::fs::symlink(door.replace("ip_default_ttl", "ip_forward"), "/tmp/net/ipv4/link")?;
    std::os::unix::fs::symlink("/host", "/tmp/net/ipv4/ip_forward")?;
    fs::write("/tmp/host", "as before")?;
    for volume in ["/tmp/net:/proc/sys/net", "/tmp/net:/proc"] {
        let flags = ["-v", volume, "-v", "/tmp/host:/host", "--sysctl", "net.ipv4.ip_forward=1"];
        let args = [&["run", "--rm"], &flags[..], &["hostbox", "true"]].concat();
        let message = fails(&args, 125)?;
        ensure!(message.contains("nothing can be mounted on /proc"), "{message}");
        ensure!(fs::read_to_string("/tmp/host")? == "as before");
    }
    // Without them it is set.
    let flags = ["--sysctl", "net.ipv4.ip_default_ttl=77"];
    let attack = Attack { flags: &flags, command: &["cat", door], ..Attack::default() };
    attack.in_each_way(|output| {
        ensure!(text(output) == "77", "{}", format_output(output));
        Ok(())
    })
}

/// CVE-2021-30465.
fn a_directory_exchanged_for_a_link_moves_no_mount_out() -> Result<()> {
    fs::create_dir_all("/tmp/shared")?;
    fs::create_dir_all("/tmp/source")?;
    fs::write("/tmp/source/marker", "here")?;
    let probe = probe_flags()?;
    let probe: Vec<&str> = probe.iter().map(String::as_str).collect();
    let attack = ["-v", "/tmp/shared:/shared", "hostbox", "/probe", "swap", "/shared", "/shared/enough"];
    succeeds(&[&["run", "-d", "--name", "swapper"], &probe[..], &attack].concat())?;
    eventually("it swaps", || Ok(succeeds(&["logs", "swapper"])?.contains("swapping")))?;
    let before = fs::read_to_string("/proc/self/mountinfo")?;
    // Both names move while it looks: it looks often.
    let script = "for i in $(seq 300); do for place in /shared/real /shared/link ''; do \
                  read -r word 2>/dev/null <$place/inner/marker && echo $word && exit; done; done";
    let mut found = 0;
    for _ in 0..20 {
        let mounts = ["-v", "/tmp/shared:/shared", "-v", "/tmp/source:/shared/real/inner"];
        let output = program(&[&["run", "--rm"], &mounts[..], &["hostbox", "sh", "-c", script]].concat()).output()?;
        if output.status.success() {
            ensure!(
                text(&output).starts_with("here"),
                "the mount is not where the container could see it: {}",
                format_output(&output)
            );
            found += 1;
        }
        ensure!(fs::read_to_string("/proc/self/mountinfo")? == before, "a mount appeared on the host");
        ensure!(!fs::exists("/inner")?, "a mount point was made on the host");
    }
    fs::write("/tmp/shared/enough", "")?;
    ensure!(succeeds(&["wait", "swapper"])? == "0");
    println!("{found} of 20 started");
    Ok(())
}

/// CVE-2019-14271: a file that the image names as its source of users isn't even opened.
fn no_name_service_of_the_image_is_loaded() -> Result<()> {
    fs::write("/tmp/nsswitch.conf", "passwd: evil\ngroup: evil\nhosts: evil\n")?;
    fs::write("/tmp/libnss_evil.so.2", "no library")?;
    let target = "/lib/x86_64-linux-gnu/libnss_evil.so.2";
    let library = format!("/tmp/libnss_evil.so.2:{target}");
    let flags = ["-v", "/tmp/nsswitch.conf:/etc/nsswitch.conf", "-v", &library];
    let watch = Inotify::init(InitFlags::IN_NONBLOCK)?;
    watch.add_watch("/tmp/libnss_evil.so.2", AddWatchFlags::IN_OPEN)?;
    let was_opened = || -> Result<bool> {
        let mut fds = [PollFd::new(watch.as_fd(), PollFlags::POLLIN)];
        let was = poll(&mut fds, PollTimeout::ZERO)? > 0;
        let _ = watch.read_events();
        Ok(was)
    };
    let users = ["-u", "mallory:evil"];
    let attack = Attack { flags: &flags, exec_flags: &users, command: &["true"] };
    attack.in_each_way(|output| {
        let message = String::from_utf8_lossy(&output.stderr);
        ensure!(message.contains("unable to find user mallory"), "{message}");
        Ok(())
    })?;
    ensure!(!was_opened()?, "the image's library was opened");
    // The eye sees.
    succeeds(&[&["run", "--rm"], &flags[..], &["hostbox", "cat", target]].concat())?;
    ensure!(was_opened()?, "the test proves nothing");
    Ok(())
}

/// CVE-2018-15664's cousin: an image in which the volume's place is a link out.
fn a_volume_is_not_filled_from_the_host() -> Result<()> {
    fs::create_dir_all("/tmp/host/secrets")?;
    fs::write("/tmp/host/secrets/key", "the host's")?;
    let script = "ln -s ../../../../../../tmp/host/secrets /data; mkdir /real; echo own >/real/file";
    succeeds(&["run", "--name", "maker", "hostbox", "sh", "-c", script])?;
    succeeds(&["commit", "maker", "evil"])?;
    // It may be refused or empty.
    program(&["create", "-v", "loot:/data", "evil", "true"]).output()?;
    let place = |name| format!("/tmp/store/data/volumes/{name}/_data");
    let taken: Vec<_> = fs::read_dir(place("loot")).map(|entries| entries.flatten().collect()).unwrap_or_default();
    ensure!(taken.is_empty(), "{taken:?}");
    succeeds(&["create", "-v", "fair:/real", "evil", "true"])?;
    ensure!(fs::read_to_string(format!("{}/file", place("fair")))? == "own\n");
    Ok(())
}

/// Root's groups (disk, docker, …) are not the container's.
fn groups_of_the_caller_are_left_behind() -> Result<()> {
    needs::root()?;
    nix::unistd::setgroups(&[6.into(), 4711.into()])?;
    const DOCKERS: &str = "00000000a80425fb";
    const NONE: &str = "0000000000000000";
    for (flags, groups, effective, bounding) in [
        (&[][..], "", DOCKERS, DOCKERS),
        (&["-u", "1000"], "", NONE, DOCKERS),
        (&["-u", "1000", "--group-add", "7"], "7", NONE, DOCKERS),
        // Groups and user are changed before the powers for that are gone.
        (&["--cap-drop", "ALL"], "", NONE, NONE),
        (&["--cap-drop", "ALL", "-u", "1000", "--group-add", "7"], "7", NONE, NONE),
        (&["--cap-drop", "SETPCAP", "-u", "1000"], "", NONE, "00000000a80424fb"),
    ] {
        let attack = Attack { flags, command: &["cat", "/proc/self/status"], ..Attack::default() };
        attack.in_each_way(|output| {
            let status = text(output);
            let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("none").trim();
            ensure!(line("Groups:") == groups, "{flags:?}: {}", line("Groups:"));
            ensure!(line("CapInh:") == NONE && line("CapAmb:") == NONE && line("CapPrm:") == effective, "{status}");
            ensure!(line("CapEff:") == effective && line("CapBnd:") == bounding, "{flags:?}: {status}");
            Ok(())
        })?;
    }
    Ok(())
}

/// TIOCSTI: a container without a terminal has none to type on. (terminals.rs has those with one.)
fn who_has_no_terminal_has_none_to_type_on() -> Result<()> {
    let attack = Attack { command: &["/probe", "type", "/dev/tty"], ..Attack::default() };
    attack.in_each_way(|output| {
        ensure!(output.stdout == b"ENXIO\n", "{}", format_output(output));
        Ok(())
    })
}

/// session-keyring(7): it is inherited through fork and exec, and namespaces don't hide it.
fn a_session_keyring_of_the_callers_is_not_reachable() -> Result<()> {
    const JOIN: i64 = 1;
    const SEARCH: i64 = 10;
    let joined = call(libc::SYS_keyctl, [JOIN, 0, 0, 0, 0, 0]);
    needs::that(joined.is_ok(), "permission to make keys")?;
    let text = |text: &'static std::ffi::CStr| address(text.to_bytes_with_nul());
    let (kind, name) = (text(c"user"), text(c"coracle-secret"));
    let session = i64::from(libc::KEY_SPEC_SESSION_KEYRING);
    call(libc::SYS_add_key, [kind, name, text(c"secret"), 6, session, 0])?;
    ensure!(call(libc::SYS_keyctl, [SEARCH, session, kind, name, 0, 0]).is_ok(), "our children have it");
    // Without the filter, which refuses the call; and with it.
    let search = ["/probe", "call", "keyctl", "10", "-3", "user", "coracle-secret", "0"];
    for (flags, expected) in [(&["--security-opt", "seccomp=unconfined"][..], "ENOKEY\n"), (&[], "EPERM\n")] {
        Attack { flags, command: &search, ..Attack::default() }.in_each_way(|output| {
            ensure!(output.stdout == expected.as_bytes(), "{}", format_output(output));
            Ok(())
        })?;
    }
    Ok(())
}

/// A container goes down, and makes the next directory there: no path leads to the last one.
fn directories_deeper_than_our_stack_are_an_error_and_go_away() -> Result<()> {
    let probe = probe_flags()?;
    let probe: Vec<&str> = probe.iter().map(String::as_str).collect();
    succeeds(&[&["run", "--name", "deep"], &probe[..], &["hostbox", "/probe", "nest", "20000"]].concat())?;
    for verb in [&["diff", "deep"][..], &["export", "-o", "/tmp/deep.tar", "deep"], &["commit", "deep", "image"]] {
        let message = fails(verb, 125)?;
        ensure!(message.contains("nested too deep") && message.len() < 2000, "{verb:?}: {message}");
    }
    succeeds(&["rm", "deep"])?;
    Ok(())
}

fn files_that_change_while_they_are_read_cost_nobody_the_others() -> Result<()> {
    let probe = probe_flags()?;
    let probe: Vec<&str> = probe.iter().map(String::as_str).collect();
    succeeds(&[&["run", "-d", "--name", "busy"], &probe[..], &["hostbox", "/probe", "churn"]].concat())?;
    eventually("it churns", || Ok(succeeds(&["logs", "busy"])?.contains("churning")))?;
    for _ in 0..8 {
        succeeds(&["export", "-o", "/tmp/busy.tar", "busy"])?;
        let listed = std::process::Command::new("tar").args(["tf", "/tmp/busy.tar"]).output()?;
        ensure!(listed.status.success() && text(&listed).contains("etc/passwd"), "{}", format_output(&listed));
        succeeds(&["diff", "busy"])?;
    }
    succeeds(&["rm", "-f", "busy"])?;
    Ok(())
}
