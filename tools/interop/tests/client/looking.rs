//! What one can ask: inspect, info, version, top, stats, diff, export, events.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases, needs};

use crate::with_each_client;

pub fn cases() -> Vec<Case> {
    cases![
        version_and_info_tell_of_both_sides,
        inspect_has_what_was_asked_for_and_the_defaults,
        top_and_stats_show_the_processes,
        a_memory_limit_is_shown_by_stats,
        diff_and_export_show_the_files,
        events_tell_a_life_in_order,
        events_that_were_are_told_and_end,
        events_of_networks_volumes_images_and_commands_are_told_as_json,
        a_client_of_another_version_is_served_or_told_why_not,
    ]
}

fn version_and_info_tell_of_both_sides() -> Result<()> {
    with_each_client(|world| {
        let version = world.docker(&["version"])?;
        ensure!(version.contains("Client:") && version.contains("Server:"), "{version}");
        let api = world.docker(&["version", "--format", "{{.Server.APIVersion}} {{.Client.APIVersion}}"])?;
        let (server, client) = api.split_once(' ').context("two versions")?;
        let minor = |version: &str| version.strip_prefix("1.").and_then(|minor| minor.parse::<u32>().ok());
        ensure!(minor(client).is_some() && minor(client) <= minor(server), "{api}");
        let info = world.docker(&["info"])?;
        for line in ["Containers: 0", "Storage Driver: ", "Operating System: ", "Docker Root Dir: "] {
            ensure!(info.contains(line), "{line}: {info}");
        }
        let df = world.docker(&["system", "df"])?;
        ensure!(df.contains("Images") && df.contains("Local Volumes"), "{df}");
        world.docker(&["tag", "hostbox", "counted"])?;
        // With a volume, the client reads fields of it.
        world.docker(&["run", "--name", "dfv", "-v", "files:/f", "busybox", "sh", "-c", "echo 1234 > /f/x"])?;
        world.docker(&["volume", "create", "unused"])?;
        let volumes = world.docker(&["system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}}"])?;
        ensure!(volumes.contains("Local Volumes 2 1 5B"), "{volumes}");
        let volumes = world.docker(&["system", "df", "-v"])?;
        let row =
            |name: &str| volumes.lines().any(|line| line.split_whitespace().collect::<Vec<_>>() == [name, "1", "5B"]);
        ensure!(row("files"), "{volumes}");
        world.docker(&["rm", "dfv"])?;
        world.docker(&["volume", "rm", "files", "unused"])?;
        let images = world.docker(&["images", "--all", "--quiet", "--no-trunc"])?;
        let images = images.lines().collect::<std::collections::BTreeSet<_>>().len();
        let total = world.docker(&["system", "df", "--format", "{{.Type}} {{.TotalCount}}"])?;
        ensure!(images > 0 && total.contains(&format!("Images {images}\n")), "{total}");
        Ok(())
    })
}

fn inspect_has_what_was_asked_for_and_the_defaults() -> Result<()> {
    with_each_client(|world| {
        let flags =
            ["create", "--name", "ii", "-e", "A=b", "-p", "8081:81", "--label", "l=m", "--restart", "on-failure:3"];
        world.docker(&[&flags[..], &["--user", "7:8", "busybox", "sleep", "5"]].concat())?;
        let shown = |field: &str| world.docker(&["inspect", "-f", field, "ii"]);
        ensure!(shown("{{json .Config.Cmd}}")? == r#"["sleep","5"]"#);
        ensure!(shown("{{json .Config.Env}}")?.contains(r#""A=b""#));
        ensure!(shown("{{.Config.User}} {{.Config.Labels.l}} {{.Config.Image}}")? == "7:8 m busybox");
        ensure!(shown("{{json .HostConfig.PortBindings}}")? == r#"{"81/tcp":[{"HostIp":"","HostPort":"8081"}]}"#);
        let policy = shown("{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}")?;
        ensure!(policy == "on-failure 3", "{policy}");
        ensure!(shown("{{.HostConfig.LogConfig.Type}} {{.State.Status}}")? == "json-file created");
        world.docker(&["rm", "ii"])?;
        Ok(())
    })
}

fn top_and_stats_show_the_processes() -> Result<()> {
    with_each_client(|world| {
        world.docker(&["run", "-d", "--name", "tt", "busybox", "sleep", "600"])?;
        let pid = world.docker(&["inspect", "-f", "{{.State.Pid}}", "tt"])?;
        let top = world.docker(&["top", "tt"])?;
        let row: Vec<&str> = top.lines().nth(1).context("a row")?.split_whitespace().collect();
        ensure!(top.starts_with("UID") && row.get(1) == Some(&pid.as_str()) && top.contains("sleep 600"), "{top}");
        let stats = world.docker(&["stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}} {{.MemUsage}}"])?;
        ensure!(stats.starts_with("tt "), "{stats}");
        world.docker(&["rm", "-f", "tt"])?;
        Ok(())
    })
}

fn a_memory_limit_is_shown_by_stats() -> Result<()> {
    needs::root()?;
    with_each_client(|world| {
        world.docker(&["run", "-d", "--name", "mm", "-m", "64m", "--pids-limit", "50", "busybox", "sleep", "600"])?;
        let stats = world.docker(&["stats", "--no-stream", "--format", "{{.PIDs}} {{.MemUsage}}"])?;
        ensure!(stats.starts_with("1 ") && stats.ends_with("/ 64MiB"), "{stats}");
        ensure!(world.docker(&["inspect", "-f", "{{.HostConfig.Memory}}", "mm"])? == "67108864");
        world.docker(&["rm", "-f", "mm"])?;
        Ok(())
    })
}

fn diff_and_export_show_the_files() -> Result<()> {
    with_each_client(|world| {
        let script = "echo new >/etc/new; rm /bin/vi; mkdir /d";
        world.docker(&["run", "--name", "dd", "busybox", "sh", "-c", script])?;
        let diff = world.docker(&["diff", "dd"])?;
        for line in ["A /d", "A /etc/new", "D /bin/vi", "C /bin"] {
            ensure!(diff.lines().any(|found| found == line), "{line}: {diff}");
        }
        let names = world.shell("", "docker export dd | tar -t")?;
        let has = |name: &str| names.lines().any(|line| line.trim_end_matches('/') == name);
        ensure!(has("etc/new") && has("d") && !has("bin/vi"), "{names}");
        world.docker(&["rm", "dd"])?;
        Ok(())
    })
}

fn events_tell_a_life_in_order() -> Result<()> {
    with_each_client(|world| {
        let mut events = world.command("docker");
        let filters = ["--filter", "type=container", "--filter", "container=ev"];
        events.args(["events", "--format", "{{.Action}}"]).args(filters).stdout(Stdio::piped());
        let mut events = events.spawn()?;
        let mut lines = BufReader::new(events.stdout.take().context("a pipe")?).lines();
        // It listens when it shows something, which may be in the middle of the first life.
        let actions = std::thread::scope(|scope| {
            let reader = scope.spawn(move || {
                let mut seen = Vec::new();
                while !is_a_life(&seen)
                    && let Some(Ok(line)) = lines.next()
                {
                    seen.push(line);
                }
                seen
            });
            let come = testkit::eventually("events come", || {
                world.docker(&["run", "--name", "ev", "busybox", "true"])?;
                world.docker(&["rm", "ev"])?;
                Ok(reader.is_finished())
            });
            // Or the reader would wait for ever.
            events.kill()?;
            come?;
            reader.join().ok().context("the reader panicked")
        })?;
        events.wait()?;
        ensure!(is_a_life(&actions), "{actions:?}");
        Ok(())
    })
}

fn events_that_were_are_told_and_end() -> Result<()> {
    with_each_client(|world| {
        world.docker(&["run", "--name", "past", "busybox", "true"])?;
        world.docker(&["rm", "past"])?;
        let args = ["events", "--since", "10m", "--until", "0s", "--filter", "container=past"];
        let asked = [&args[..], &["--format", "{{.Action}}"]].concat();
        testkit::eventually("the life is reported", || {
            let told = world.docker(&asked)?;
            Ok(is_a_life(&told.lines().map(String::from).collect::<Vec<_>>()))
        })
    })
}

fn events_of_networks_volumes_images_and_commands_are_told_as_json() -> Result<()> {
    with_each_client(|world| {
        let begin = world.shell("", "date +%s.%N")?;
        world.docker(&["volume", "create", "files"])?;
        world.docker(&["network", "create", "harbour"])?;
        world.docker(&["tag", "busybox", "told:1"])?;
        let script = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.1; done";
        let run = ["run", "-d", "--name", "told", "--network", "harbour", "-v", "files:/files", "told:1"];
        world.docker(&[&run[..], &["sh", "-c", script]].concat())?;
        testkit::eventually("it is ready", || Ok(world.docker(&["logs", "told"])? == "ready"))?;
        world.docker_fails(&["exec", "told", "sh", "-c", "exit 7"])?;
        world.docker(&["stop", "told"])?;
        world.docker(&["rm", "told"])?;
        world.docker(&["rmi", "told:1"])?;
        world.docker(&["network", "rm", "harbour"])?;
        world.docker(&["volume", "rm", "files"])?;
        let expected = [
            "volume create",
            "network create",
            "image tag",
            "container create",
            "network connect",
            "volume mount",
            "container start",
            "container exec_create: sh -c exit 7",
            "container exec_start: sh -c exit 7",
            "container exec_die",
            "container die",
            "container stop",
            "container destroy",
            "image untag",
            "network destroy",
            "volume destroy",
        ];
        let told = || -> Result<Vec<serde_json::Value>> {
            let json = ["events", "--since", &begin, "--until", "0s", "--format", "{{json .}}"];
            let lines = world.docker(&json)?;
            lines.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_string())).collect()
        };
        testkit::eventually("all is told", || {
            let told = told()?;
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_string();
            let mut actions = told.iter().map(|event| format!("{} {}", text(&event["Type"]), text(&event["Action"])));
            Ok(expected.iter().all(|expected| actions.any(|action| action == *expected)))
        })
        .with_context(|| format!("{:#?}", told()))?;
        for (filter, number) in [("network=harbour", 4), ("volume=files", 4), ("event=exec_die", 1), ("image=told", 8)]
        {
            let args = ["events", "--since", &begin, "--until", "0s", "--filter", filter, "--format", "{{.Action}}"];
            let told = world.docker(&args)?;
            ensure!(told.lines().count() >= number, "{filter}: {told}");
        }
        // What a person sees.
        let text = world.docker(&["events", "--since", &begin, "--until", "0s", "--filter", "event=die"])?;
        ensure!(text.contains("container die ") && text.contains("exitCode=5") && text.contains("name=told"), "{text}");
        Ok(())
    })
}

fn a_client_of_another_version_is_served_or_told_why_not() -> Result<()> {
    with_each_client(|world| {
        for version in ["1.24", "1.30", "1.40"] {
            let docker = format!("DOCKER_API_VERSION={version} docker");
            let said = world.shell("", &format!("{docker} run --rm --network none busybox echo hello"))?;
            ensure!(said == "hello", "{version}: {said}");
            let id = world.shell("", &format!("{docker} run -d --name old --network none busybox sleep 600"))?;
            let line = format!("{docker} exec old echo within && {docker} ps -q --no-trunc && {docker} rm -f old");
            let said = world.shell("", &line)?;
            ensure!(said.lines().collect::<Vec<_>>() == ["within", id.trim(), "old"], "{version}: {said}");
        }
        for version in ["1.49", "1.99"] {
            let said = world.shell("", &format!("! DOCKER_API_VERSION={version} docker ps 2>&1"))?;
            let expected = format!("client version {version} is too new. Maximum supported API version is 1.48");
            ensure!(said.contains(&expected), "{said}");
        }
        Ok(())
    })
}

/// Whether a whole life is among them, in its order; what else is told in between is not looked at.
fn is_a_life(actions: &[String]) -> bool {
    let mut actions = actions.iter();
    ["create", "start", "die", "destroy"].iter().all(|wanted| actions.any(|action| action == wanted))
}
