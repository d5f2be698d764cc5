//! Bad input: refused with a sentence that says what is wrong, and nothing is left of it.

use std::fs;

use anyhow::{Result, ensure};
use testkit::{Case, cases, needs, refusing};

use crate::world::{STORE, fails, is_root, program, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        wrong_flags_are_named_and_leave_nothing,
        what_is_not_built_is_refused_by_a_sentence,
        what_the_kernel_refuses_is_told_with_cause_and_cure,
        no_more_user_namespaces_names_the_setting,
    ]
}

fn wrong_flags_are_named_and_leave_nothing() -> Result<()> {
    succeeds(&["run", "--rm", "hostbox", "true"])?;
    for (flags, said) in [
        (&["--cap-add", "FLY"][..], "invalid capability \"FLY\""),
        (&["--cap-drop", "sys admin"], "invalid capability \"sys admin\""),
        (&["--security-opt", "seccomp=/no/such/file"], "/no/such/file"),
        (&["--security-opt", "apparmor=mine"], "apparmor=mine is not supported"),
        (&["--ulimit", "files=1"], "there is no limit files"),
        (&["--ulimit", "nofile=2:1"], "the soft limit is above the hard one"),
        (&["--ulimit", "nofile"], "use NAME=SOFT[:HARD]"),
        (&["--sysctl", "kernel.core_pattern=x"], "not in a namespace of the container's"),
        (&["--sysctl", "net.ipv4.ip_forward"], "use NAME=VALUE"),
        (&["-u", "nobody-at-all"], "unable to find user nobody-at-all"),
        (&["-u", "root:nobodies"], "unable to find group nobodies"),
        (&["--group-add", "nobodies"], "unable to find group nobodies"),
        (&["--pid", "mine"], "invalid mode \"mine\""),
        (&["--ipc", "container:none"], "none"),
        (&["--name", "a/b"], "Invalid container name"),
        (&["--restart", "sometimes"], "invalid restart policy"),
        (&["--rm", "--restart", "always"], "contradict each other"),
        (&["--stop-signal", "SIGHELLO"], "Invalid signal"),
        (&["--log-opt", "max-size=much"], "max-size=much"),
        (&["--log-opt", "color=blue"], "there are max-size and max-file"),
        (&["-v", "../x:y"], "y"),
        (&["-w", "/etc/passwd"], "/etc/passwd"),
    ] {
        let message = fails(&[&["run"], flags, &["hostbox", "true"]].concat(), 125)?;
        ensure!(message.contains(said), "{flags:?}: {message}");
        ensure!(!message.contains("panicked"), "{message}");
        // What could be known beforehand leaves no container.
        let left = succeeds(&["container", "prune", "-f"])?;
        let late = ["-u", "--group-add", "--ipc", "-w", "-v"].contains(&flags[0]);
        ensure!(late || left.is_empty(), "{flags:?} left {left}");
    }
    let states: Vec<_> =
        fs::read_dir(format!("{STORE}/data/containers"))?.flatten().map(|entry| entry.file_name()).collect();
    ensure!(states.iter().all(|name| name == "lock" || name == "names"), "{states:?}");
    Ok(())
}

fn what_is_not_built_is_refused_by_a_sentence() -> Result<()> {
    for (args, said) in [
        (&["cp", "a", "b"][..], "unrecognized subcommand 'cp'"),
        (&["update", "a"], "unrecognized subcommand 'update'"),
        (&["run", "--gpus", "all", "hostbox", "true"], "unexpected argument '--gpus'"),
        (&["run", "--health-cmd", "x", "hostbox", "true"], "unexpected argument '--health-cmd'"),
    ] {
        let message = fails(args, 125)?;
        ensure!(message.contains(said), "{args:?}: {message}");
    }
    ensure!(succeeds(&["ps", "-aq"])?.is_empty(), "a container was made");
    Ok(())
}

fn what_the_kernel_refuses_is_told_with_cause_and_cure() -> Result<()> {
    for (flags, said) in [
        (&["--sysctl", "kernel.shm_rmid_forced=7"][..], &["cannot set kernel.shm_rmid_forced to \"7\"", "EINVAL"][..]),
        (&["--sysctl", "net.ipv4.no_such=1"], &["cannot set net.ipv4.no_such", "ENOENT"]),
        (&["--device", "/dev/no-such"], &["cannot look at the device /dev/no-such", "cure: ls -l /dev"]),
        (&["--device", "/etc/passwd"], &["/etc/passwd is not a device", "cure:"]),
        (&["--device", "/dev/null:/dev/other:q"], &["invalid device", "HOST[:CONTAINER[:rwm]]"]),
    ] {
        let message = fails(&[&["run", "--rm"], flags, &["hostbox", "true"]].concat(), 125)?;
        ensure!(said.iter().all(|part| message.contains(part)), "{flags:?}: {message}");
    }
    ensure!(succeeds(&["ps", "-aq"])?.is_empty());
    let hard = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)?.1;
    let above = format!("nofile={}", hard + 1);
    let raised = program(&["run", "--rm", "--ulimit", &above, "hostbox", "sh", "-c", "ulimit -n"]).output()?;
    if !raised.status.success() {
        // Nobody but the machine's root may; and where CAP_SYS_RESOURCE is missing, not even root.
        let message = String::from_utf8_lossy(&raised.stderr);
        for part in ["setrlimit: cannot set nofile", "cause: it is above our own hard limit", "cure:"] {
            ensure!(message.contains(part), "{part:?} is missing: {message}");
        }
    }
    ensure!(is_root() || !raised.status.success(), "an ordinary user has raised a hard limit");
    Ok(())
}

fn no_more_user_namespaces_names_the_setting() -> Result<()> {
    needs::ordinary_user()?;
    needs::user_namespaces()?;
    fs::create_dir_all("/tmp/root/bin")?;
    refusing::no_more_user_namespaces()?;
    // The helper of a network of the user's own, the work on a layer, and the container's process.
    for flags in [&[][..], &["--network", "none"], &["--network", "none", "--rootfs", "/tmp/root"]] {
        let command = if flags.contains(&"--rootfs") { &["true"][..] } else { &["hostbox", "true"] };
        let message = fails(&[&["run", "--rm"], flags, command].concat(), 125)?;
        let says = |part: &str| message.contains(part);
        ensure!(says("ENOSPC") && says("user.max_user_namespaces is 0"), "{flags:?}: {message}");
        ensure!(says("sudo sysctl -w user.max_user_namespaces="), "{flags:?}: {message}");
        // Every one of the refusals has a cause.
        let refused = message.matches("ENOSPC (").count();
        let causes = message.to_lowercase().matches("cause: ").count();
        ensure!(causes >= refused, "{flags:?}: {refused} refusals, {causes} causes: {message}");
    }
    Ok(())
}
