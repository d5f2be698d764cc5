//! Events: those that were, those that are, and where they end.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use testkit::{Case, cases, eventually, needs};

use crate::http::{ask, frame, head, json as request, opened, status, upgraded};
use crate::world::{Daemon, act, create, inspect, program, run, wait};

pub fn cases() -> Vec<Case> {
    cases![
        events_since_a_time_are_told_and_end_at_a_time_that_is_over,
        events_until_a_time_to_come_are_told_as_they_happen_and_end_then,
        a_time_or_a_filter_that_makes_no_sense_is_refused,
        what_clients_do_with_a_container_is_told_in_order,
        a_container_that_is_paused_and_goes_on_is_told,
        the_end_of_a_container_that_is_removed_at_once_is_told_with_its_status,
        what_the_command_line_does_beside_the_daemon_is_told,
        networks_and_volumes_are_told_with_their_containers,
        a_daemon_that_starts_tells_of_the_past_that_is_still_on_disk,
    ]
}

fn now() -> Result<f64> {
    Ok(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs_f64())
}

/// The actions of an answer's lines.
fn actions(answer: &str) -> Vec<String> {
    let lines = answer.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|event| event["Action"].as_str().map(String::from)).collect()
}

/// The actions between two times, which must have an end.
fn between(since: f64, until: f64) -> Result<Vec<String>> {
    let answer = ask(&format!("GET /v1.43/events?since={since:.9}&until={until:.9}"), &[])?;
    ensure!(status(&answer)? == 200, "{answer}");
    Ok(actions(&answer))
}

/// All events since a time.
fn all_since(since: f64, filters: &Value) -> Result<Vec<Value>> {
    let filters = filters.to_string();
    let filters = percent_encoding::utf8_percent_encode(&filters, percent_encoding::NON_ALPHANUMERIC);
    // A change's time is when it is seen, and who asks makes the daemon look at what is on disk.
    ask(&format!("GET /v1.43/events?until={since:.9}"), &[])?;
    let until = now()?;
    let answer = ask(&format!("GET /v1.43/events?since={since:.9}&until={until:.9}&filters={filters}"), &[])?;
    ensure!(status(&answer)? == 200, "{answer}");
    // The sizes of chunks are JSON, too.
    let events = answer.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(events.filter(Value::is_object).collect())
}

/// One line for each: what, action, and one attribute.
fn shown(events: &[Value], attribute: &str) -> Vec<String> {
    let line = |event: &Value| {
        let value = event["Actor"]["Attributes"][attribute].as_str().unwrap_or_default();
        let words = [event["Type"].as_str(), event["Action"].as_str(), Some(value)];
        words.into_iter().flatten().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    };
    events.iter().map(line).collect()
}

/// Waits until these are among them, and in this order.
fn told_in_order(since: f64, filters: &Value, attribute: &str, expected: &[&str]) -> Result<()> {
    let told = || -> Result<Vec<String>> { Ok(shown(&all_since(since, filters)?, attribute)) };
    let have_come = eventually("the events are told", || {
        let told = told()?;
        let mut told = told.iter();
        Ok(expected.iter().all(|expected| told.any(|line| line == expected)))
    });
    have_come.with_context(|| format!("{expected:#?} in {:#?}", told().unwrap_or_default()))
}

fn life(name: &str) -> Result<()> {
    let id = run(name, "exit 3", Value::Null)?;
    ensure!(wait(&id)? == 3);
    act("DELETE", &id)
}

const LIFE: [&str; 4] = ["create", "start", "die", "destroy"];

fn events_since_a_time_are_told_and_end_at_a_time_that_is_over() -> Result<()> {
    let _daemon = Daemon::start()?;
    let begin = now()?;
    life("first")?;
    eventually("the first life is reported", || Ok(between(begin, now()?)? == LIFE))?;
    let middle = now()?;
    life("second")?;
    eventually("the second life is reported", || Ok(between(middle, now()?)? == LIFE))?;
    ensure!(between(begin, middle)? == LIFE, "later changes are reported, too");
    ensure!(between(begin, now()?)?.len() == 8);
    ensure!(between(begin - 60.0, begin)?.is_empty());
    // Without `since`, what has been is not told.
    let answer = ask(&format!("GET /v1.43/events?until={:.9}", now()?), &[])?;
    ensure!(status(&answer)? == 200 && actions(&answer).is_empty(), "{answer}");
    let filters = "%7B%22event%22%3A%5B%22die%22%5D%2C%22container%22%3A%5B%22first%22%5D%7D";
    let answer = ask(&format!("GET /v1.43/events?since={begin:.9}&until={:.9}&filters={filters}", now()?), &[])?;
    ensure!(actions(&answer) == ["die"] && answer.contains("\"exitCode\":\"3\""), "{answer}");
    Ok(())
}

fn events_until_a_time_to_come_are_told_as_they_happen_and_end_then() -> Result<()> {
    let _daemon = Daemon::start()?;
    let begun = Instant::now();
    let until = now()? + 3.0;
    let mut stream = opened(&format!("GET /v1.43/events?until={until:.9}"))?;
    ensure!(head(&mut stream)?.starts_with("HTTP/1.1 200"));
    life("watched")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).context("it has no end")?;
    ensure!(begun.elapsed() >= Duration::from_secs(2), "it ended after {:?}", begun.elapsed());
    // On a busy machine the life may be longer than the stream.
    let told = actions(&answer);
    ensure!(!told.is_empty() && LIFE.starts_with(&told.iter().map(String::as_str).collect::<Vec<_>>()), "{told:?}");
    Ok(())
}

fn a_time_or_a_filter_that_makes_no_sense_is_refused() -> Result<()> {
    let _daemon = Daemon::start()?;
    for query in
        ["since=yesterday", "until=soon", "since=200&until=100", "filters=%7B%22colour%22%3A%5B%22red%22%5D%7D"]
    {
        let answer = ask(&format!("GET /v1.43/events?{query}"), &[])?;
        ensure!(status(&answer)? == 400 && answer.contains("{\"message\":\"invalid "), "{query}: {answer}");
    }
    Ok(())
}

fn what_clients_do_with_a_container_is_told_in_order() -> Result<()> {
    let _daemon = Daemon::start()?;
    let begin = now()?;
    let more = json!({"Tty": true, "OpenStdin": true, "Labels": {"tier": "web"}});
    let id = create("first", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.1; done", more)?;
    let mut attached = upgraded(&format!("/v1.43/containers/{id}/attach?stream=1&stdout=1"), &Value::Null)?;
    act("POST", &format!("{id}/start"))?;
    let mut byte = [0];
    attached.read_exact(&mut byte)?;
    act("POST", &format!("{id}/resize?h=33&w=99"))?;
    let asked = json!({"Cmd": ["sh", "-c", "read line; exit 7"], "AttachStdin": true, "AttachStdout": true});
    let made = request(&format!("POST /v1.43/containers/{id}/exec"), &asked, 201)?;
    let exec = made["Id"].as_str().context("no id")?;
    let mut stream = upgraded(&format!("/v1.43/exec/{exec}/start"), &json!({}))?;
    stream.write_all(b"go\n")?;
    ensure!(frame(&mut stream)?.is_none());
    act("POST", &format!("{id}/rename?name=second"))?;
    act("POST", &format!("{id}/kill?signal=WINCH"))?;
    act("POST", &format!("{id}/restart"))?;
    eventually("it is ready again", || {
        let log = ask(&format!("GET /v1.43/containers/{id}/logs?stdout=1"), &[])?;
        Ok(log.matches("ready").count() == 2)
    })?;
    act("POST", &format!("{id}/stop"))?;
    act("DELETE", &id)?;
    let filters = json!({"container": [id], "label": ["tier=web"]});
    let (created, started) =
        ("container exec_create: sh -c read line; exit 7", "container exec_start: sh -c read line; exit 7");
    let order = ["container create", "container attach", "container start", "container resize", created, started];
    let order = [&order[..], &["container exec_die", "container rename", "container die", "container stop"]].concat();
    let again = ["container start", "container restart", "container die", "container stop", "container destroy"];
    told_in_order(begin, &filters, "none", &[&order[..], &again].concat())?;
    let of = |action: &str, attribute: &str| -> Result<Vec<String>> {
        Ok(shown(&all_since(begin, &json!({"event": [action]}))?, attribute))
    };
    ensure!(of("resize", "height")? == ["container resize 33"] && of("resize", "width")? == ["container resize 99"]);
    ensure!(of("exec_create", "execID")? == [format!("{created} {exec}")]);
    ensure!(of("exec_die", "execID")? == [format!("container exec_die {exec}")]);
    ensure!(of("exec_die", "exitCode")? == ["container exec_die 7"]);
    ensure!(of("rename", "oldName")? == ["container rename /first"]);
    // stop and restart send signals, too.
    ensure!(of("kill", "signal")? == ["container kill 28", "container kill 15", "container kill 15"]);
    let ends = of("die", "exitCode")?;
    ensure!(ends == ["container die 5", "container die 5"], "{ends:?}");
    ensure!(all_since(begin, &json!({"container": ["second"], "event": ["destroy"]}))?.len() == 1);
    ensure!(all_since(begin, &json!({"container": [id], "label": ["tier=db"]}))?.is_empty());
    ensure!(all_since(begin, &json!({"type": ["network"]}))?.is_empty());
    Ok(())
}

fn a_container_that_is_paused_and_goes_on_is_told() -> Result<()> {
    needs::root()?;
    let _daemon = Daemon::start()?;
    let begin = now()?;
    let id = run("rests", "sleep 600", Value::Null)?;
    act("POST", &format!("{id}/pause"))?;
    act("POST", &format!("{id}/unpause"))?;
    act("DELETE", &format!("{id}?force=1"))?;
    let expected =
        ["create", "start", "pause", "unpause", "die", "destroy"].map(|action| format!("container {action}"));
    told_in_order(begin, &json!({}), "none", &expected.each_ref().map(String::as_str))?;
    ensure!(shown(&all_since(begin, &json!({"event": ["kill"]}))?, "signal") == ["container kill 9"]);
    // Who removes by force doesn't stop it first.
    ensure!(all_since(begin, &json!({"event": ["stop"]}))?.is_empty());
    Ok(())
}

/// The record goes as soon as the last state is written, and a watcher may see neither.
fn the_end_of_a_container_that_is_removed_at_once_is_told_with_its_status() -> Result<()> {
    let _daemon = Daemon::start()?;
    let begin = now()?;
    let removed = json!({"HostConfig": {"NetworkMode": "none", "AutoRemove": true}});
    for number in 0..20 {
        run(&format!("short-{number}"), "exit 3", removed.clone())?;
    }
    eventually("all of them are gone", || Ok(all_since(begin, &json!({"event": ["destroy"]}))?.len() == 20))?;
    for action in ["create", "start", "die"] {
        let told = all_since(begin, &json!({"event": [action]}))?.len();
        ensure!(told == 20, "{told} of 20 have told of {action}");
    }
    let ends = shown(&all_since(begin, &json!({"event": ["die"]}))?, "exitCode");
    ensure!(ends.iter().all(|line| line == "container die 3"), "{ends:?}");
    Ok(())
}

fn beside(args: &[&str]) -> Result<()> {
    let output = program(args).output()?;
    ensure!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn what_the_command_line_does_beside_the_daemon_is_told() -> Result<()> {
    let _daemon = Daemon::start()?;
    let begin = now()?;
    beside(&["volume", "create", "files"])?;
    beside(&["network", "create", "harbour"])?;
    let volume = ["--network", "none", "-v", "files:/files:ro"];
    let run = [
        &["run", "-d", "--name", "one"][..],
        &volume,
        &["hostbox", "sh", "-c", "trap 'exit 4' TERM; echo ready; while :; do sleep 0.1; done"],
    ];
    beside(&run.concat())?;
    eventually("it is ready", || Ok(!program(&["logs", "one"]).output()?.stdout.is_empty()))?;
    beside(&["rename", "one", "two"])?;
    beside(&["stop", "two"])?;
    beside(&["rm", "two"])?;
    beside(&["volume", "rm", "files"])?;
    beside(&["network", "rm", "harbour"])?;
    let expected = [
        "volume create",
        "network create harbour",
        "container create one",
        "volume mount",
        "container start one",
        "container rename two",
        "container die two",
        "volume unmount",
        "container stop two",
        "container destroy two",
        "volume destroy",
        "network destroy harbour",
    ];
    told_in_order(begin, &json!({}), "name", &expected)?;
    let mounts = all_since(begin, &json!({"volume": ["files"], "event": ["mount"]}))?;
    let mount = &mounts[0]["Actor"]["Attributes"];
    ensure!(mounts.len() == 1 && mount["destination"] == "/files" && mount["read/write"] == "false", "{mounts:?}");
    Ok(())
}

fn networks_and_volumes_are_told_with_their_containers() -> Result<()> {
    let _daemon = Daemon::start()?;
    let begin = now()?;
    let network = request("POST /v1.43/networks/create", &json!({"Name": "harbour"}), 201)?;
    request("POST /v1.43/volumes/create", &json!({"Name": "files", "Labels": {"a": "b"}}), 201)?;
    let host = json!({"HostConfig": {"NetworkMode": "harbour", "Binds": ["files:/files"]}});
    let id = run("sails", "sleep 600", host)?;
    ensure!(inspect(&id)?["State"]["Running"] == true);
    act("DELETE", &format!("{id}?force=1"))?;
    for (method, path) in [("DELETE", "networks/harbour"), ("DELETE", "volumes/files")] {
        ensure!(status(&ask(&format!("{method} /v1.43/{path}"), &[])?)? == 204, "{path}");
    }
    let connect = [format!("network connect {id}"), format!("network disconnect {id}")];
    let expected = ["network create", &connect[0], &connect[1], "network destroy"];
    told_in_order(begin, &json!({"network": ["harbour"]}), "container", &expected)?;
    ensure!(all_since(begin, &json!({"network": [network["Id"]]}))?.len() == 4);
    let mount = [format!("volume mount {id}"), format!("volume unmount {id}")];
    let expected = ["volume create", &mount[0], &mount[1], "volume destroy"];
    told_in_order(begin, &json!({"volume": ["files"]}), "container", &expected)?;
    let labelled = all_since(begin, &json!({"type": ["volume"], "label": ["a=b"], "event": ["create"]}))?;
    ensure!(labelled.len() == 1 && labelled[0]["Actor"]["ID"] == "files", "{labelled:?}");
    Ok(())
}

fn a_daemon_that_starts_tells_of_the_past_that_is_still_on_disk() -> Result<()> {
    let daemon = Daemon::start()?;
    let begin = now()?;
    request("POST /v1.43/volumes/create", &json!({"Name": "files"}), 201)?;
    let id = run("stays", "exit 6", Value::Null)?;
    ensure!(wait(&id)? == 6);
    life("gone")?;
    daemon.kill()?;
    beside(&["network", "create", "harbour"])?;
    let _daemon = Daemon::start()?;
    let told = shown(&all_since(begin, &json!({}))?, "exitCode");
    let expected = ["volume create", "container create", "container start", "container die 6", "network create"];
    ensure!(told == expected, "{told:?}");
    // A command that runs meanwhile isn't missed.
    let runs = run("runs", "sleep 600", Value::Null)?;
    act("DELETE", &format!("{runs}?force=1"))?;
    told_in_order(begin, &json!({"container": ["runs"]}), "none", &["container create", "container destroy"])
}
