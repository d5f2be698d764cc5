//! Chapter 6's command line with a daemon for its engine: it must say and do the same as without.

use std::io::Write;
use std::process::{Output, Stdio};

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases, eventually};

use crate::http::SOCKET;
use crate::world::{Daemon, inspect, program};

pub fn cases() -> Vec<Case> {
    cases![
        what_is_shown_is_the_same_with_and_without_a_daemon,
        what_is_refused_is_refused_in_the_same_words_and_with_the_same_status,
        a_life_over_the_socket,
        a_command_in_the_foreground_has_its_streams_and_its_status,
        input_goes_through_to_its_end_and_comes_back_whole,
        one_more_command_has_its_streams_and_its_status,
        a_log_that_is_followed_ends_with_the_container,
        volumes_over_the_socket,
        networks_over_the_socket,
        stats_over_the_socket_are_those_without,
        a_terminal_is_not_framed,
        flags_reach_the_container,
        what_no_daemon_can_be_asked_is_refused_with_a_cure,
        a_container_that_is_killed_can_be_removed_at_once,
    ]
}

const HOST: &str = "unix:///tmp/docker.sock";

fn over(args: &[&str]) -> Result<Output> {
    Ok(program(&[&["-H", HOST], args].concat()).output()?)
}

fn text(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\nstdout: {out}\nstderr: {err}", output.status)
}

/// What a verb prints over the socket, when it must not fail.
fn succeeds(args: &[&str]) -> Result<String> {
    let output = over(args)?;
    ensure!(output.status.success(), "{args:?}: {}", text(&output));
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_string())
}

/// What it says on stderr, when it must fail with this status.
fn fails(args: &[&str], status: i32) -> Result<String> {
    let output = over(args)?;
    ensure!(output.status.code() == Some(status), "{args:?}: {}", text(&output));
    Ok(String::from_utf8_lossy(&output.stderr).trim_end().to_string())
}

fn same_both_ways(args: &[&str]) -> Result<Output> {
    let (local, remote) = (program(args).output()?, over(args)?);
    let (here, there) = (text(&local), text(&remote));
    ensure!(here == there, "{args:?} in this process: {here}\nover the socket: {there}");
    Ok(remote)
}

fn what_is_shown_is_the_same_with_and_without_a_daemon() -> Result<()> {
    let _daemon = Daemon::start()?;
    let script = "echo out; echo err >&2; touch /new; trap 'exit 3' TERM; sleep 1000 & wait";
    succeeds(&["run", "-d", "--name", "aa", "--label", "k=v", "--network=none", "hostbox", "sh", "-c", script])?;
    succeeds(&["create", "--name", "bb", "-v", "/data", "hostbox", "true"])?;
    eventually("both have written", || {
        Ok(succeeds(&["logs", "aa"])? == "out" && succeeds(&["diff", "aa"])?.contains("/new"))
    })?;
    let format =
        "{{.ID}} {{.Image}} {{.Command}} {{.CreatedAt}} {{.State}} {{.Ports}} {{.Names}} {{.Labels}} {{.Networks}}";
    for args in [
        &["ps", "--format", format][..],
        &["ps", "-a", "--no-trunc", "--format", format],
        &["ps", "-aq"],
        &["ps", "-q", "--filter", "label=k=v"],
        &["ps", "-l", "--format", "{{.Names}}"],
        &["inspect", "aa"],
        &["inspect", "-f", "{{.State.Status}} {{.Config.Labels}}", "aa", "bb"],
        &["logs", "aa"],
        &["logs", "-t", "--tail", "1", "aa"],
        &["logs", "--since", "10m", "aa"],
        &["logs", "--until", "10m", "aa"],
        &["top", "aa", "-eo", "pid,args"],
        &["diff", "aa"],
        &["diff", "--format", "json", "aa"],
        &["port", "aa"],
        &["volume", "ls"],
    ] {
        let output = same_both_ways(args)?;
        ensure!(output.status.success(), "{args:?}: {}", text(&output));
    }
    let logs = over(&["logs", "aa"])?;
    ensure!(logs.stdout == b"out\n" && logs.stderr == b"err\n", "{}", text(&logs));
    ensure!(succeeds(&["top", "aa"])?.contains("sleep 1000"));
    ensure!(succeeds(&["ps"])?.lines().count() == 2 && succeeds(&["ps", "-aq"])?.lines().count() == 2);
    ensure!(over(&["export", "aa"])?.stdout.windows(3).any(|bytes| bytes == b"new"));
    Ok(())
}

fn what_is_refused_is_refused_in_the_same_words_and_with_the_same_status() -> Result<()> {
    let _daemon = Daemon::start()?;
    succeeds(&["create", "--name", "made", "hostbox", "true"])?;
    succeeds(&["run", "-d", "--name", "runs", "--network=none", "hostbox", "sleep", "1000"])?;
    for args in [
        &["inspect", "nobody"][..],
        &["start", "nobody"],
        &["stop", "nobody"],
        &["wait", "nobody"],
        &["logs", "nobody"],
        &["attach", "nobody"],
        &["exec", "nobody", "true"],
        &["rename", "nobody", "x"],
        &["rm", "nobody", "made/../x"],
        &["kill", "made"],
        &["exec", "made", "true"],
        &["attach", "made"],
        &["top", "made"],
        &["rm", "runs"],
        &["rename", "made", "runs"],
        &["ps", "-f", "color=red"],
        &["top", "runs", "-o", "comm"],
        &["create", "--name", "runs", "hostbox", "true"],
        &["volume", "rm", "nothing"],
    ] {
        let output = same_both_ways(args)?;
        ensure!(!output.status.success() && !output.stderr.is_empty(), "{args:?}: {}", text(&output));
    }
    Ok(())
}

fn a_life_over_the_socket() -> Result<()> {
    let _daemon = Daemon::start()?;
    let script = "trap 'exit 4' TERM; while :; do sleep 0.05; done";
    let id = succeeds(&["create", "--name", "web", "--network=none", "hostbox", "sh", "-c", script])?;
    ensure!(id.len() == 64, "{id}");
    let state = || -> Result<String> { succeeds(&["inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "web"]) };
    ensure!(state()? == "created 0");
    ensure!(succeeds(&["start", "web"])? == "web" && state()? == "running 0");
    ensure!(succeeds(&["start", "web"])? == "web", "one that runs is left alone");
    ensure!(succeeds(&["stop", "web"])? == "web" && state()? == "exited 4");
    ensure!(succeeds(&["wait", "web"])? == "4");
    ensure!(succeeds(&["stop", "web"])? == "web", "one that has ended needs no end");
    succeeds(&["restart", "web"])?;
    ensure!(state()? == "running 0");
    succeeds(&["rename", "web", "other"])?;
    ensure!(inspect("other")?["Id"] == id.as_str());
    ensure!(succeeds(&["kill", "-s", "KILL", "other"])? == "other" && succeeds(&["wait", "other"])? == "137");
    succeeds(&["start", "other"])?;
    ensure!(succeeds(&["rm", "-f", "other"])? == "other");
    succeeds(&["create", "hostbox", "true"])?;
    ensure!(succeeds(&["container", "prune", "-f"])?.len() == 64 && succeeds(&["ps", "-aq"])?.is_empty());
    Ok(())
}

fn a_command_in_the_foreground_has_its_streams_and_its_status() -> Result<()> {
    let _daemon = Daemon::start()?;
    let script = "echo out; echo err >&2; exit 7";
    for _ in 0..5 {
        let output = over(&["run", "--rm", "--network=none", "hostbox", "sh", "-c", script])?;
        ensure!(output.status.code() == Some(7), "{}", text(&output));
        ensure!(output.stdout == b"out\n" && output.stderr == b"err\n", "{}", text(&output));
    }
    ensure!(succeeds(&["ps", "-aq"])?.is_empty(), "--rm left something");
    for (command, status) in [("/nowhere", 127), ("/etc", 126)] {
        let output = same_both_ways(&["run", "--rm", "--network=none", "hostbox", command])?;
        ensure!(output.status.code() == Some(status), "{}", text(&output));
    }
    ensure!(succeeds(&["ps", "-aq"])?.is_empty(), "a start that failed left something");
    // start -a, of one that stays.
    succeeds(&["create", "--name", "again", "--network=none", "hostbox", "sh", "-c", script])?;
    for _ in 0..2 {
        let output = over(&["start", "-a", "again"])?;
        ensure!(output.status.code() == Some(7) && output.stdout == b"out\n", "{}", text(&output));
    }
    Ok(())
}

fn with_input(args: &[&str], input: &[u8]) -> Result<Output> {
    let mut command = program(&[&["-H", HOST], args].concat());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("no stdin")?;
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output()?;
    let _ = writer.join();
    Ok(output)
}

fn input_goes_through_to_its_end_and_comes_back_whole() -> Result<()> {
    let _daemon = Daemon::start()?;
    // Less than a shim keeps for a client: one that is late on a busy machine is not cut off.
    let input: Vec<u8> = (0..900_000u32).map(|number| (number % 251) as u8).collect();
    let output = with_input(&["run", "-i", "--rm", "--name", "cat", "--network=none", "hostbox", "cat"], &input)?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    ensure!(output.stdout == input, "{} of {} bytes came back", output.stdout.len(), input.len());
    succeeds(&["run", "-d", "--name", "bb", "--network=none", "hostbox", "sleep", "1000"])?;
    let output = with_input(&["exec", "-i", "bb", "cat"], &input)?;
    ensure!(output.status.success() && output.stdout == input, "exec: {} bytes came back", output.stdout.len());
    Ok(())
}

fn one_more_command_has_its_streams_and_its_status() -> Result<()> {
    let _daemon = Daemon::start()?;
    succeeds(&["run", "-d", "--name", "bb", "-e", "A=own", "--network=none", "hostbox", "sleep", "1000"])?;
    let args = ["exec", "-e", "B=given", "-w", "/tmp", "bb", "sh", "-c", "echo $A $B; pwd >&2; exit 9"];
    let output = same_both_ways(&args)?;
    ensure!(output.status.code() == Some(9), "{}", text(&output));
    ensure!(output.stdout == b"own given\n" && output.stderr == b"/tmp\n", "{}", text(&output));
    ensure!(over(&["exec", "bb", "/nowhere"])?.status.code() == Some(127));
    succeeds(&["exec", "-d", "bb", "touch", "/tmp/mark"])?;
    eventually("the command in the background has run", || {
        Ok(over(&["exec", "bb", "test", "-e", "/tmp/mark"])?.status.success())
    })
}

fn a_log_that_is_followed_ends_with_the_container() -> Result<()> {
    let _daemon = Daemon::start()?;
    let script = "for i in 1 2 3; do echo line $i; sleep 0.1; done";
    succeeds(&["run", "-d", "--name", "bb", "--network=none", "hostbox", "sh", "-c", script])?;
    ensure!(succeeds(&["logs", "-f", "bb"])? == "line 1\nline 2\nline 3");
    // attach shows what comes from now on, and ends with the container's status.
    let script = "trap 'echo told; exit 5' TERM; while :; do sleep 0.05; done";
    succeeds(&["run", "-d", "--name", "cc", "--network=none", "hostbox", "sh", "-c", script])?;
    let mut attach = program(&["-H", HOST, "attach", "cc"]);
    let attach = attach.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // The client forwards the signals that it gets, once it is attached: before, they would end it.
    let mask = format!("/proc/{}/status", attach.id());
    eventually("the client has attached", || {
        let status = std::fs::read_to_string(&mask)?;
        let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).context("no SigBlk")?;
        Ok(u64::from_str_radix(blocked.trim(), 16)? & (1 << 14) != 0)
    })?;
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(attach.id() as i32), nix::sys::signal::Signal::SIGTERM)?;
    let output = attach.wait_with_output()?;
    ensure!(output.status.code() == Some(5) && output.stdout == b"told\n", "{}", text(&output));
    Ok(())
}

fn volumes_over_the_socket() -> Result<()> {
    let _daemon = Daemon::start()?;
    ensure!(succeeds(&["volume", "create", "keep"])? == "keep");
    let write = ["run", "--rm", "--network=none", "-v", "keep:/d", "-v", "/anonymous", "hostbox", "touch", "/d/file"];
    succeeds(&write)?;
    let script = "ls /d";
    ensure!(succeeds(&["run", "--rm", "--network=none", "-v", "keep:/d:ro", "hostbox", "sh", "-c", script])? == "file");
    same_both_ways(&["volume", "inspect", "keep"])?;
    ensure!(succeeds(&["volume", "ls", "-q"])? == "keep", "the volume that nobody named is gone with its container");
    ensure!(succeeds(&["volume", "prune", "-f"])?.is_empty(), "it has a name");
    ensure!(succeeds(&["volume", "rm", "keep"])? == "keep" && succeeds(&["volume", "ls", "-q"])?.is_empty());
    Ok(())
}

fn networks_over_the_socket() -> Result<()> {
    let _daemon = Daemon::start()?;
    let more = ["--subnet", "10.77.0.0/24", "--internal", "--mtu", "1400", "--bridge", "nine"];
    ensure!(succeeds(&[&["network", "create"], &more[..], &["sea"]].concat())? == "sea");
    // A daemon that is asked for all makes the default one.
    ensure!(succeeds(&["network", "ls", "-q"])? == "bridge\nsea");
    let listed = String::from_utf8(same_both_ways(&["network", "ls"])?.stdout)?;
    let row: Vec<&str> =
        listed.lines().find(|line| line.starts_with("sea")).context("sea")?.split_whitespace().collect();
    ensure!(row == ["sea", "nine", "10.77.0.0/24", "10.77.0.1", "true"], "{row:?}");
    same_both_ways(&["network", "ls", "--format", "json"])?;
    same_both_ways(&["network", "inspect", "sea"])?;
    let wrong = ["network", "create", "--subnet", "10.77.0.0/25", "pond"];
    let (here, there) = (program(&wrong).output()?, over(&wrong)?);
    ensure!(here.stderr == there.stderr && !there.status.success(), "{}{}", text(&here), text(&there));
    ensure!(succeeds(&["network", "rm", "sea"])? == "sea" && !succeeds(&["network", "ls", "-q"])?.contains("sea"));
    ensure!(!over(&["network", "rm", "sea"])?.status.success());
    Ok(())
}

fn stats_over_the_socket_are_those_without() -> Result<()> {
    let _daemon = Daemon::start()?;
    let script = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 1000 & wait";
    succeeds(&["run", "-d", "--name", "works", "--network=none", "hostbox", "sh", "-c", script])?;
    succeeds(&["create", "--name", "made", "hostbox", "true"])?;
    let told = |text: String| -> Result<serde_json::Value> { Ok(serde_json::from_str(&text)?) };
    let here = |args: &[&str]| -> Result<String> { Ok(String::from_utf8(program(args).output()?.stdout)?) };
    let json = ["stats", "--format", "json", "works"];
    // Where a user may make no cgroup, nothing is counted here either.
    if !here(&json)?.trim().is_empty() {
        let mut last = String::new();
        eventually("both count the same", || {
            let (here, there) = (told(here(&json)?)?, told(succeeds(&json)?)?);
            last = format!("{here}\n{there}");
            let same = |key: &str| here[key] == there[key];
            // The processor time may go on.
            let used = |stats: &serde_json::Value| stats["cpu"]["usage_usec"].as_u64().unwrap_or_default();
            let about = used(&there).abs_diff(used(&here)) < 500_000;
            Ok(same("id")
                && same("name")
                && same("pids")
                && here["memory"]["limit"] == there["memory"]["limit"]
                && about)
        })
        .with_context(|| last)?;
    }
    let table = succeeds(&["stats"])?;
    ensure!(table.starts_with("CONTAINER") && table.contains("works") && !table.contains("made"), "{table}");
    ensure!(fails(&["stats", "made"], 1)?.contains("is not running"));
    ensure!(fails(&["stats", "nobody"], 1)?.contains("No such container"));
    // It ends with the container.
    let follow = program(&["-H", HOST, "stats", "--follow"]).stdout(Stdio::piped()).spawn()?;
    succeeds(&["rm", "-f", "works"])?;
    ensure!(follow.wait_with_output()?.status.success());
    // An image can be made by the next chapter's daemon; this one says so.
    ensure!(fails(&["commit", "made", "image"], 125)?.contains("is not supported by Coracle"));
    Ok(())
}

fn a_terminal_is_not_framed() -> Result<()> {
    let _daemon = Daemon::start()?;
    let output =
        over(&["run", "-t", "--name", "bb", "--network=none", "hostbox", "sh", "-c", "test -t 1 && echo yes"])?;
    ensure!(output.status.success() && output.stdout == b"yes\r\n", "{}", text(&output));
    ensure!(over(&["logs", "bb"])?.stdout == b"yes\r\n");
    succeeds(&["run", "-d", "--name", "cc", "--network=none", "hostbox", "sleep", "1000"])?;
    let output = over(&["exec", "-t", "cc", "sh", "-c", "test -t 1 && echo yes"])?;
    ensure!(output.stdout == b"yes\r\n", "{}", text(&output));
    Ok(())
}

fn flags_reach_the_container() -> Result<()> {
    let _daemon = Daemon::start()?;
    std::fs::write("/tmp/env", "FROM_FILE=1\n")?;
    let script = "hostname; id -u; echo $A $FROM_FILE; pwd; touch /x 2>/dev/null || echo read-only; ulimit -n; \
                  grep NoNewPrivs /proc/self/status";
    let args = [
        "run",
        "--rm",
        "--network=none",
        "--hostname=here",
        "--user=0:0",
        "-e",
        "A=b",
        "--env-file=/tmp/env",
        "-w",
        "/tmp",
        "--read-only",
        "--ulimit=nofile=77",
        "--security-opt=no-new-privileges",
        "--entrypoint=sh",
        "hostbox",
        "-c",
        script,
    ];
    let output = same_both_ways(&args)?;
    let expected = "here\n0\nb 1\n/tmp\nread-only\n77\nNoNewPrivs:\t1\n";
    ensure!(String::from_utf8_lossy(&output.stdout) == expected, "{}", text(&output));
    Ok(())
}

/// Who kills it and removes it, one after the other, is not told that it still runs.
fn a_container_that_is_killed_can_be_removed_at_once() -> Result<()> {
    let _daemon = Daemon::start()?;
    let always = ["run", "-d", "--restart", "always", "--network=none", "hostbox", "sleep", "600"];
    for _ in 0..10 {
        let id = succeeds(&always)?;
        ensure!(succeeds(&["kill", &id])? == id && succeeds(&["rm", &id])? == id);
        let local = |args: &[&str]| -> Result<()> {
            let output = program(args).output()?;
            ensure!(output.status.success(), "{args:?}: {}", text(&output));
            Ok(())
        };
        let id = succeeds(&always)?;
        local(&["kill", &id])?;
        local(&["rm", &id])?;
    }
    let id = succeeds(&always)?;
    // Another signal is only sent.
    succeeds(&["kill", "-s", "WINCH", &id])?;
    ensure!(inspect(&id)?["State"]["Running"] == true);
    succeeds(&["rm", "-f", &id])?;
    ensure!(fails(&["kill", &id], 1)?.contains("No such container"));
    Ok(())
}

fn what_no_daemon_can_be_asked_is_refused_with_a_cure() -> Result<()> {
    let message = fails(&["ps"], 125)?;
    ensure!(message.contains("cannot connect to the daemon at unix:///tmp/docker.sock") && message.contains("cure:"));
    let _daemon = Daemon::start()?;
    for args in [&["layer", "ls"][..], &["start", "--restart-policy"]] {
        let message = fails(args, 125)?;
        ensure!(message.contains("daemon") && message.contains("cause:"), "{args:?}: {message}");
    }
    let message = fails(&["run", "--rootfs", "/", "true"], 125)?;
    ensure!(message.contains("--rootfs") && message.contains("cure:"), "{message}");
    for args in [
        &["run", "--explain", "hostbox", "true"][..],
        &["start", "--explain", "none"],
        &["exec", "--explain", "none", "true"],
    ] {
        let message = fails(args, 125)?;
        ensure!(message.contains("--explain shows only what is done without a daemon"), "{args:?}: {message}");
        ensure!(message.contains("cure: leave --host and DOCKER_HOST out"), "{args:?}: {message}");
    }
    ensure!(succeeds(&["ps", "-aq"])?.is_empty(), "something was made");
    // The environment names a daemon, too.
    let output = program(&["ps"]).env("DOCKER_HOST", "tcp://127.0.0.1:1").output()?;
    ensure!(output.status.code() == Some(125) && text(&output).contains("cure: use unix:///PATH"), "{}", text(&output));
    let output = program(&["ps", "-q"]).env("DOCKER_HOST", format!("unix://{SOCKET}")).output()?;
    ensure!(output.status.success(), "{}", text(&output));
    Ok(())
}
