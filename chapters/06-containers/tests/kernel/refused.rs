//! Bad input: refused with a sentence that says what is wrong, and nothing is left of it.

use std::fs;

use anyhow::{Result, ensure};
use testkit::{Case, cases};

use crate::world::{STORE, fails, succeeds};

pub fn cases() -> Vec<Case> {
    cases![wrong_flags_are_named_and_leave_nothing, what_is_not_built_is_refused_by_a_sentence]
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
    for args in [
        &["cp", "a", "b"][..],
        &["update", "a"],
        &["run", "--gpus", "all", "hostbox"],
        &["run", "--health-cmd", "x", "hostbox"],
    ] {
        let message = fails(args, 125)?;
        ensure!(!message.is_empty() && !message.contains("panicked"), "{args:?}: {message}");
    }
    Ok(())
}
