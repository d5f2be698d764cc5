//! What happens to images, told by a daemon: also what the command line does beside it.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::{Case, cases, eventually};

use crate::archives::{config, oci_archive, tar};
use crate::daemon::{Daemon, ask};
use crate::registry::{image, serve};
use crate::world::{context, succeeds};

pub fn cases() -> Vec<Case> {
    cases![images_that_come_and_go_are_told, images_that_came_before_the_daemon_are_told_as_its_past]
}

/// The events of images so far: action, id and name.
fn told() -> Result<Vec<[String; 3]>> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs_f64();
    let filters = "%7B%22type%22%3A%5B%22image%22%5D%7D";
    let answer = ask(&format!("GET /v1.43/events?since=1&until={now:.9}&filters={filters}"), &[], "")?;
    ensure!(answer.contains("200 OK"), "{answer}");
    let events = answer.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let shown = |event: Value| {
        let actor = &event["Actor"];
        [&event["Action"], &actor["ID"], &actor["Attributes"]["name"]].map(text)
    };
    Ok(events.filter(Value::is_object).map(shown).collect())
}

/// Waits until this was told as the last, and gives its id.
fn last(action: &str, name: &str) -> Result<String> {
    let is_last = || Ok(told()?.last().is_some_and(|[known, _, of]| known == action && of == name));
    eventually("the event arrives", is_last).with_context(|| format!("{action} {name} in {:?}", told()))?;
    Ok(told()?.pop().map(|[_, id, _]| id).unwrap_or_default())
}

fn images_that_come_and_go_are_told() -> Result<()> {
    let _daemon = Daemon::start()?;
    let port = serve(image(<[u8]>::to_vec)?, 0)?;
    let name = format!("127.0.0.1:{port}/a/b");
    // By the command line, without the daemon; and by the daemon.
    succeeds(&["pull", &format!("{name}:1")])?;
    ensure!(last("pull", &name)? == format!("{name}:1"));
    ask(&format!("POST /v1.43/images/create?fromImage={name}&tag=1"), &[], "")?;
    eventually("a pull of an image that is here is an event, too", || {
        Ok(told()?.iter().filter(|[action, ..]| action == "pull").count() == 2)
    })?;
    succeeds(&["tag", &format!("{name}:1"), "second:2"])?;
    let id = last("tag", "second:2")?;
    ensure!(id.starts_with("sha256:"), "{id}");
    ensure!(ask("DELETE /v1.43/images/second:2", &[], "")?.contains("200 OK"));
    ensure!(last("untag", "second:2")? == id);
    succeeds(&["rmi", &format!("{name}:1")])?;
    ensure!(last("delete", &id)? == id);
    let layer = tar(&[("g", b"loaded")])?;
    oci_archive(Path::new("/tmp/a.tar"), &layer, &config(&layer), "docker.io/library/loaded:1")?;
    succeeds(&["load", "-i", "/tmp/a.tar"])?;
    let loaded = last("load", "loaded:1")?;
    let imported = ask("POST /v1.43/images/create?fromSrc=-&repo=imported", &layer, "")?;
    ensure!(imported.contains(&last("import", "imported:latest")?), "{imported}");
    ensure!(last("import", "imported:latest")? != loaded);
    let directory = context(&[("Dockerfile", "FROM loaded:1\nENV A=1\n")])?;
    succeeds(&["build", "-q", "-t", "built:1", directory])?;
    last("tag", "built:1")?;
    ensure!(ask("GET /v1.43/images/built:1/get", &[], "")?.contains("200 OK"));
    last("save", "built:1")?;
    // An image of the same name takes it.
    succeeds(&["tag", "loaded:1", "built:1"])?;
    ensure!(last("tag", "built:1")? == loaded);
    ensure!(told()?.iter().filter(|[action, ..]| action == "untag").count() == 2, "{:?}", told()?);
    Ok(())
}

fn images_that_came_before_the_daemon_are_told_as_its_past() -> Result<()> {
    let layer = tar(&[("g", b"loaded")])?;
    oci_archive(Path::new("/tmp/a.tar"), &layer, &config(&layer), "docker.io/library/loaded:1")?;
    succeeds(&["load", "-i", "/tmp/a.tar"])?;
    succeeds(&["tag", "loaded:1", "again:1"])?;
    let _daemon = Daemon::start()?;
    let told = told()?;
    ensure!(told.len() == 1 && told[0][0] == "load" && told[0][2] == "loaded:1", "{told:?}");
    // What is saved for others doesn't say how it came here.
    succeeds(&["save", "-o", "/tmp/b.tar", "loaded:1"])?;
    let saved = String::from_utf8_lossy(&std::fs::read("/tmp/b.tar")?).into_owned();
    ensure!(saved.contains("io.containerd.image.name") && !saved.contains("coracle.arrival"));
    Ok(())
}
