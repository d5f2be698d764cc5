//! A container's life, verb by verb.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use testkit::{Case, cases, eventually, patiently};

use crate::world::{detached, expect_nothing_left, fails, format_output, inspect, is_root, program, state, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        a_life_from_create_to_removal,
        a_name_that_was_given_up_is_free_while_its_container_runs,
        the_host_name_that_inspect_shows_is_the_containers,
        exit_statuses_are_dockers,
        stop_asks_and_then_kills,
        lists_show_what_was_asked_for,
        what_people_type_for_docker_is_understood,
        what_changed_can_be_seen_committed_and_exported,
        what_a_container_uses_is_shown_while_it_lives,
        published_ports_are_shown_all_or_one,
        what_runs_is_shown_as_the_machine_counts,
        names_and_ids_that_mean_nothing_or_several_are_refused,
        prune_and_rm_remove_what_has_ended,
        a_paused_container_stands_still,
    ]
}

fn a_life_from_create_to_removal() -> Result<()> {
    let script = "echo life; trap 'exit 4' TERM; while :; do sleep 0.05; done";
    let id = succeeds(&["create", "--name", "web", "hostbox", "sh", "-c", script])?;
    ensure!(id.len() == 64, "{id}");
    ensure!(state("web")? == "created 0" && inspect("web", "{{.State.Pid}}")? == "0");
    ensure!(fails(&["exec", "web", "true"], 1)?.contains("is not running"));
    ensure!(fails(&["attach", "web"], 1)?.contains("cannot attach to a stopped container"));
    ensure!(succeeds(&["start", "web"])? == "web" && state("web")? == "running 0");
    // Its first process is the command, in namespaces of its own, and the shim is its parent.
    let pid: i32 = inspect("web", "{{.State.Pid}}")?.parse()?;
    ensure!(lab::observe::ns_pids(pid)?.last() == Some(&1));
    ensure!(succeeds(&["start", &id[..12]])? == id[..12], "a second start is no failure");
    eventually("it wrote", || Ok(succeeds(&["logs", "web"])? == "life"))?;
    ensure!(succeeds(&["exec", "web", "echo", "inside"])? == "inside");
    ensure!(succeeds(&["stop", "web"])? == "web" && state("web")? == "exited 4");
    ensure!(succeeds(&["stop", "web"])? == "web", "a second stop is no failure");
    ensure!(!lab::observe::process_exists(pid));
    ensure!(succeeds(&["restart", "web"])? == "web" && state("web")? == "running 0");
    eventually("it wrote again", || Ok(succeeds(&["logs", "web"])? == "life\nlife"))?;
    succeeds(&["rename", "web", "shop"])?;
    ensure!(fails(&["inspect", "web"], 1)?.contains("No such container"));
    ensure!(fails(&["rm", "shop"], 1)?.contains("stop the container before removing"));
    // PID 1 has no handler for it: the kernel drops it.
    ensure!(succeeds(&["kill", "-s", "USR1", "shop"])? == "shop" && state("shop")? == "running 0");
    ensure!(succeeds(&["kill", "shop"])? == "shop" && succeeds(&["wait", "shop"])? == "137");
    ensure!(fails(&["kill", "shop"], 1)?.contains("is not running"));
    succeeds(&["rm", "shop"])?;
    expect_nothing_left()
}

fn a_name_that_was_given_up_is_free_while_its_container_runs() -> Result<()> {
    detached("old", &["--network", "none"], "sleep 1000")?;
    let hostname = succeeds(&["exec", "old", "hostname"])?;
    succeeds(&["create", "--name", "beside", "--network", "container:old", "hostbox", "hostname"])?;
    succeeds(&["rename", "old", "new"])?;
    let other = detached("old", &["--network", "none"], "sleep 1000")?;
    ensure!(inspect("old", "{{.Id}}")? == other && state("new")? == "running 0");
    // Who was made to share its network still does. (An ordinary user's must be on a network for that.)
    ensure!(!is_root() || succeeds(&["start", "-a", "beside"])? == hostname);
    let id = inspect("new", "{{.Id}}")?;
    ensure!(inspect("beside", "{{.HostConfig.NetworkMode}}")? == format!("container:{id}"));
    let stats = program(&["stats", "new"]).output()?;
    // An ordinary user's may have no cgroup.
    let said = format_output(&stats);
    ensure!(said.contains("\nnew ") || said.contains("container new has no cgroup of its own"), "{said}");
    succeeds(&["rm", "-f", "old", "new", "beside"])?;
    ensure!(fails(&["stats", "new"], 1)?.contains("No such container: new"));
    expect_nothing_left()
}

fn the_host_name_that_inspect_shows_is_the_containers() -> Result<()> {
    let machines = nix::unistd::gethostname()?.to_string_lossy().into_owned();
    detached("other", &["--network", "none", "--hostname", "boat"], "sleep 1000")?;
    for (flags, expected) in [
        (&["--network", "none"][..], None),
        (&["--network", "host"], Some(machines.as_str())),
        (&["--network", "container:other"], Some("boat")),
        (&["--network", "none", "--hostname", "raft"], Some("raft")),
    ] {
        // An ordinary user can share only a network of theirs.
        if flags[1].starts_with("container:") && !is_root() {
            continue;
        }
        let name = [&["run", "--name", "one"], flags, &["hostbox", "sh", "-c", "hostname; echo $HOSTNAME"]].concat();
        let said = succeeds(&name)?;
        let shown = inspect("one", "{{.Config.Hostname}}")?;
        let id = inspect("one", "{{.Id}}")?;
        let expected = expected.unwrap_or(&id[..12]);
        ensure!(shown == expected && said == format!("{shown}\n{shown}"), "{flags:?}: {shown}: {said}");
        succeeds(&["rm", "one"])?;
    }
    Ok(())
}

fn exit_statuses_are_dockers() -> Result<()> {
    for (command, status) in [
        (&["true"][..], 0),
        (&["sh", "-c", "exit 7"], 7),
        (&["sh", "-c", "exit 255"], 255),
        (&["no-such-program"], 127),
        (&["/etc/passwd"], 126),
        (&["/tmp"], 126),
    ] {
        for way in [&["run"][..], &["run", "--rm"], &["run", "--rm", "--init"]] {
            let output = program(&[way, &["hostbox"], command].concat()).output()?;
            ensure!(output.status.code() == Some(status), "{way:?} {command:?}: {}", format_output(&output));
        }
        detached("entered", &[], "sleep 1000")?;
        let output = program(&[&["exec", "entered"], command].concat()).output()?;
        ensure!(output.status.code() == Some(status), "exec {command:?}: {}", format_output(&output));
        succeeds(&["rm", "-f", "entered"])?;
    }
    // 128 and the signal's number.
    let output = program(&["run", "--rm", "--init", "hostbox", "sh", "-c", "kill -9 $$"]).output()?;
    ensure!(output.status.code() == Some(137), "{}", format_output(&output));
    // What could not be started is there, and says why.
    let all = succeeds(&["ps", "-a", "--no-trunc", "--format", "{{.Status}} {{.Command}}"])?;
    ensure!(all.lines().any(|line| line.starts_with("Created") && line.contains("no-such-program")), "{all}");
    Ok(())
}

fn stop_asks_and_then_kills() -> Result<()> {
    let end = |name: &str, flags: &[&str], script: &str, stop: &[&str]| -> Result<(String, Duration)> {
        detached(name, flags, script)?;
        // A shell that has no handler yet would be killed.
        eventually("it is ready", || Ok(succeeds(&["logs", name])? == "ready"))?;
        let begun = Instant::now();
        succeeds(&[&["stop"], stop, &[name]].concat())?;
        Ok((state(name)?, begun.elapsed()))
    };
    let deaf = "echo ready; sleep 1000; true";
    let hears = "trap 'exit 3' TERM; trap 'exit 5' USR1; echo ready; while :; do sleep 0.05; done";
    let (said, took) = end("deaf", &["--stop-timeout", "1"], deaf, &[])?;
    ensure!(said == "exited 137" && took >= Duration::from_secs(1), "{said} after {took:?}");
    let (said, took) = end("quickly", &[], deaf, &["-t", "0"])?;
    ensure!(said == "exited 137" && took < patiently(Duration::from_secs(2)), "{said} after {took:?}");
    // An init is no PID 1 that ignores, and its child gets the signal.
    let (said, took) = end("init", &["--init"], "echo ready; exec sleep 1000", &[])?;
    ensure!(said == "exited 143" && took < patiently(Duration::from_secs(5)), "{said} after {took:?}");
    ensure!(end("hears", &[], hears, &[])?.0 == "exited 3");
    ensure!(end("own", &["--stop-signal", "USR1"], hears, &[])?.0 == "exited 5");
    ensure!(end("other", &[], hears, &["-s", "USR1"])?.0 == "exited 5");
    Ok(())
}

fn lists_show_what_was_asked_for() -> Result<()> {
    detached("one", &["--label", "color=blue"], "sleep 1000")?;
    succeeds(&["run", "--name", "two", "hostbox", "sh", "-c", "exit 3"]).err();
    succeeds(&["create", "--name", "three", "-l", "color", "hostbox", "true"])?;
    let names = |args: &[&str]| succeeds(&[&["ps", "--format", "{{.Names}}"], args].concat());
    ensure!(names(&[])? == "one" && names(&["-a"])? == "three\ntwo\none");
    ensure!(names(&["-l"])? == "three" && names(&["-f", "status=exited"])? == "two");
    ensure!(names(&["-a", "-f", "label=color"])? == "three\none" && names(&["-a", "-f", "label=color=blue"])? == "one");
    ensure!(names(&["-f", "exited=3"])? == "two" && names(&["-a", "-f", "name=thr"])? == "three");
    ensure!(succeeds(&["ps", "-q"])?.len() == 12 && succeeds(&["ps", "-q", "--no-trunc"])?.len() == 64);
    ensure!(fails(&["ps", "-f", "color=red"], 125)?.contains("Invalid filter"));
    let table = succeeds(&["ps", "-a"])?;
    ensure!(table.starts_with("CONTAINER ID") && table.contains("Exited (3)") && table.contains("Up "), "{table}");
    let json: serde_json::Value = serde_json::from_str(&succeeds(&["ps", "--format", "json"])?)?;
    ensure!(json["Names"] == "one" && json["Image"] == "hostbox" && json["State"] == "running", "{json}");
    ensure!(fails(&["ps", "--format", "{{.Color}}"], 125)?.contains("there is no Color"));
    ensure!(fails(&["inspect", "-f", "{{.State.Nope}}", "one"], 125)?.contains("there is no Nope"));
    Ok(())
}

fn what_people_type_for_docker_is_understood() -> Result<()> {
    let limits = if is_root() { &["-m", "64m", "--cpus", "0.5"][..] } else { &[] };
    let flags = [&["-h", "ship", "--network", "none", "-e", "A=b", "-l", "team=x"], limits].concat();
    detached("first", &flags, "sleep 1000")?;
    ensure!(succeeds(&["exec", "first", "hostname"])? == "ship");
    let shown = inspect("first", "{{if .State.Running}}{{.Config.Env}} {{index .Config.Labels \"team\"}}{{end}}")?;
    ensure!(shown.starts_with("[A=b") && shown.ends_with("] x"), "{shown}");
    ensure!(inspect("first", "{{range .Mounts}}{{.Source}}{{else}}no mounts{{end}}")? == "no mounts");
    let limits = inspect("first", "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.NetworkMode}}")?;
    ensure!(limits == if is_root() { "67108864 500000000 none" } else { "0 0 none" }, "{limits}");
    ensure!(fails(&["inspect", "-f", "{{range .}}", "first"], 125)?.contains("has no {{end}}"));
    // Columns of one's own, in lines that Docker's client would print.
    succeeds(&["create", "--name", "second", "hostbox", "true"])?;
    let table = succeeds(&["ps", "-a", "--format", "table {{.Names}}\t{{.Image}}\t{{.State}}"])?;
    ensure!(table == "NAMES     IMAGE     STATE\nsecond    hostbox   created\nfirst     hostbox   running", "{table}");
    ensure!(succeeds(&["ps", "-n", "1", "--format", "{{.Names}}"])? == "second");
    ensure!(succeeds(&["ps"])?.lines().next().is_some_and(|titles| titles.ends_with("PORTS     NAMES")));
    let message = fails(&["exec", "-it", "first", "true"], 1)?;
    ensure!(message.contains("the input device is not a TTY"), "{message}");
    ensure!(fails(&["kill", "-s", "HELLO", "first"], 1)?.contains("Invalid signal: HELLO"));
    ensure!(fails(&["port", "first", "80"], 1)?.contains("No public port '80/tcp' published for first"));
    let stats = program(&["stats", "--no-stream", "first"]).output()?;
    ensure!(stats.status.success() || !is_root(), "{}", format_output(&stats));
    succeeds(&["volume", "create", "--label", "of=mine", "kept"])?;
    ensure!(succeeds(&["volume", "inspect", "-f", "{{.Labels.of}} {{.Driver}}", "kept"])? == "mine local");
    Ok(())
}

fn what_changed_can_be_seen_committed_and_exported() -> Result<()> {
    let script = "echo new >/srv/file && rm /etc/passwd && echo x >>/etc/group";
    succeeds(&["run", "--name", "changed", "hostbox", "sh", "-c", &format!("mkdir -p /srv; {script}")])?;
    let diff = succeeds(&["diff", "changed"])?;
    for line in ["A /srv/file", "D /etc/passwd", "C /etc/group"] {
        ensure!(diff.lines().any(|known| known == line), "{line} is missing in {diff}");
    }
    succeeds(&["commit", "changed", "second"])?;
    ensure!(succeeds(&["run", "--rm", "second", "cat", "/srv/file"])? == "new");
    ensure!(fails(&["run", "--rm", "second", "cat", "/etc/passwd"], 1)?.contains("passwd"));
    // As one archive: to a file, and to a pipe.
    succeeds(&["export", "-o", "/tmp/changed.tar", "changed"])?;
    let piped = program(&["export", "changed"]).output()?;
    ensure!(piped.status.success() && piped.stdout == std::fs::read("/tmp/changed.tar")?, "{}", piped.status);
    let tar = |args: &[&str]| Ok::<_, anyhow::Error>(std::process::Command::new("tar").args(args).output()?);
    let file = tar(&["-xOf", "/tmp/changed.tar", "srv/file"])?;
    ensure!(file.stdout == b"new\n", "{}", format_output(&file));
    let names = String::from_utf8(tar(&["-tf", "/tmp/changed.tar"])?.stdout)?;
    let has = |name: &str| names.lines().any(|line| line.trim_start_matches("./") == name);
    ensure!(has("etc/group") && !has("etc/passwd"), "{names}");
    let message = fails(&["export", "-o", "/tmp/none/x.tar", "changed"], 125)?;
    ensure!(message.contains("cannot write /tmp/none/x.tar"), "{message}");
    Ok(())
}

fn what_a_container_uses_is_shown_while_it_lives() -> Result<()> {
    detached("busy", &[], "x=$(head -c 30000000 /dev/zero | tr '\\0' x); echo ready; sleep 1000; true")?;
    eventually("it uses memory", || Ok(succeeds(&["logs", "busy"])? == "ready"))?;
    let output = program(&["stats", "--format", "json", "busy"]).output()?;
    if !output.status.success() {
        ensure!(
            String::from_utf8_lossy(&output.stderr).contains("busy has no cgroup of its own"),
            "{}",
            format_output(&output)
        );
        return testkit::needs::that(false, "a cgroup that may be divided");
    }
    let shown = String::from_utf8_lossy(&output.stdout);
    let stats: serde_json::Value = serde_json::from_str(&shown)?;
    ensure!(stats["name"] == "busy", "{shown}");
    ensure!(succeeds(&["stats"])?.contains("busy"));
    succeeds(&["create", "--name", "idle", "hostbox", "true"])?;
    ensure!(!succeeds(&["stats"])?.contains("idle"), "a container without a process uses nothing");
    ensure!(fails(&["stats", "nobody"], 125).or_else(|_| fails(&["stats", "nobody"], 1))?.contains("nobody"));
    // Two processes: the shell and its sleep. The text is in the shell's memory.
    ensure!(stats["pids"]["current"] == 2, "{shown}");
    ensure!(stats["memory"]["usage"].as_u64().is_some_and(|bytes| bytes > 30_000_000), "{shown}");
    Ok(())
}

fn published_ports_are_shown_all_or_one() -> Result<()> {
    detached("web", &["-p", "8080:80", "-p", "127.0.0.1:9090:90"], "sleep 1000")?;
    ensure!(succeeds(&["port", "web"])? == "80/tcp -> 0.0.0.0:8080\n90/tcp -> 127.0.0.1:9090");
    ensure!(succeeds(&["port", "web", "80"])? == "0.0.0.0:8080");
    ensure!(succeeds(&["port", "web", "90/tcp"])? == "127.0.0.1:9090");
    for port in ["81", "80/udp", "8080"] {
        let message = fails(&["port", "web", port], 1)?;
        ensure!(message.contains("No public port") && message.contains("published for web"), "{message}");
    }
    for port in ["http", "0", "65536", "80/icmp", "80/", "/tcp"] {
        ensure!(fails(&["port", "web", port], 125)?.contains("use a number from 1 to 65535"), "{port}");
    }
    detached("quiet", &[], "sleep 1000")?;
    ensure!(succeeds(&["port", "quiet"])?.is_empty());
    Ok(())
}

fn what_runs_is_shown_as_the_machine_counts() -> Result<()> {
    detached("busy", &[], "sleep 1001 & sleep 1002; true")?;
    let pid = inspect("busy", "{{.State.Pid}}")?;
    eventually("three processes are shown", || {
        let top = succeeds(&["top", "busy"])?;
        // The shell's own line has the names of both.
        Ok(top.lines().count() == 4 && top.contains("sleep 1001") && top.contains("sleep 1002") && top.contains(&pid))
    })?;
    ensure!(succeeds(&["top", "busy", "-o", "pid,comm"])?.lines().count() == 4);
    ensure!(fails(&["top", "busy", "-o", "comm"], 125)?.contains("PID"));
    succeeds(&["kill", "busy"])?;
    succeeds(&["wait", "busy"])?;
    ensure!(fails(&["top", "busy"], 1)?.contains("is not running"));
    Ok(())
}

fn names_and_ids_that_mean_nothing_or_several_are_refused() -> Result<()> {
    let mut ids = Vec::new();
    // Seventeen ids: two begin with the same digit.
    for _ in 0..17 {
        ids.push(succeeds(&["create", "hostbox", "true"])?);
    }
    let twice = (0..16)
        .map(|digit| format!("{digit:x}"))
        .find(|digit| ids.iter().filter(|id| id.starts_with(digit)).count() > 1);
    let twice = twice.unwrap_or_default();
    ensure!(fails(&["start", &twice], 1)?.contains("give more digits"));
    ensure!(inspect(&ids[0], "{{.Id}}")? == ids[0]);
    ensure!(fails(&["inspect", "nobody"], 1)?.contains("No such container: nobody"));
    ensure!(fails(&["start", ""], 1)?.contains("No such container"));
    succeeds(&["create", "--name", "taken", "hostbox", "true"])?;
    let message = fails(&["create", "--name", "taken", "hostbox", "true"], 125)?;
    ensure!(message.contains("already in use by container"), "{message}");
    let message = fails(&["rename", &ids[0], "taken"], 1)?;
    ensure!(message.contains("already in use by container"), "{message}");
    for verb in ["start", "stop", "kill", "pause", "unpause", "rm", "wait", "restart"] {
        ensure!(fails(&[verb, "nobody"], 1)?.contains("No such container: nobody"), "{verb}");
    }
    for args in [
        &["logs", "nobody"][..],
        &["exec", "nobody", "true"],
        &["attach", "nobody"],
        &["diff", "nobody"],
        &["top", "nobody"],
        &["port", "nobody"],
    ] {
        ensure!(fails(args, 1)?.contains("No such container: nobody"), "{args:?}");
    }
    // One that fails doesn't keep the others.
    let output = program(&["rm", "nobody", "taken"]).output()?;
    ensure!(output.status.code() == Some(1) && output.stdout == b"taken\n", "{}", format_output(&output));
    Ok(())
}

fn prune_and_rm_remove_what_has_ended() -> Result<()> {
    detached("runs", &[], "sleep 1000")?;
    for name in ["first", "second"] {
        succeeds(&["run", "--name", name, "hostbox", "true"])?;
    }
    ensure!(fails(&["container", "prune"], 125)?.contains("--force"));
    ensure!(succeeds(&["container", "prune", "-f"])?.lines().count() == 2);
    ensure!(succeeds(&["ps", "-a", "--format", "{{.Names}}"])? == "runs");
    succeeds(&["run", "--rm", "hostbox", "true"])?;
    ensure!(succeeds(&["rm", "-f", "runs"])? == "runs");
    expect_nothing_left()
}

fn a_paused_container_stands_still() -> Result<()> {
    detached("still", &[], "i=0; while :; do i=$((i+1)); echo $i >/tmp/count; sleep 0.01; done")?;
    let output = program(&["pause", "still"]).output()?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(message.contains("has no cgroup of its own") && message.contains("cure:"), "{message}");
        ensure!(state("still")? == "running 0");
        return testkit::needs::that(false, "a cgroup that may be divided");
    }
    ensure!(state("still")? == "paused 0");
    ensure!(fails(&["exec", "still", "true"], 1)?.contains("unpause the container"));
    ensure!(fails(&["pause", "still"], 1)?.contains("is not running"));
    ensure!(fails(&["start", "still"], 1)?.contains("unpause"));
    succeeds(&["unpause", "still"])?;
    ensure!(fails(&["unpause", "still"], 1)?.contains("is not paused"));
    let count = || succeeds(&["exec", "still", "cat", "/tmp/count"]);
    let before = count()?;
    eventually("it goes on", || Ok(count()? != before))?;
    succeeds(&["pause", "still"])?;
    succeeds(&["rm", "-f", "still"])?;
    expect_nothing_left()
}
