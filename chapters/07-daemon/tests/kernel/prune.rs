//! What a prune removes: what was chosen, and after a word that isn't understood nothing.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use testkit::{Case, cases};

use crate::http::{ask, json as request, status};
use crate::world::{Daemon, create, run, wait};

pub fn cases() -> Vec<Case> {
    cases![
        a_prune_removes_the_containers_that_its_filters_choose_and_no_others,
        a_prune_removes_the_volumes_that_its_filters_choose_and_no_others,
        a_prune_removes_the_networks_that_its_filters_choose_and_no_others,
        a_prune_with_a_filter_that_is_not_known_removes_nothing,
    ]
}

/// JSON as it stands in a path.
fn escaped(json: &str) -> String {
    percent_encoding::utf8_percent_encode(json, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A prune with these filters; how many things are gone by it.
fn pruned(what: &str, filters: &Value, key: &str) -> Result<usize> {
    let filters = escaped(&filters.to_string());
    let gone = request(&format!("POST /v1.43/{what}/prune?filters={filters}"), &Value::Null, 200)?;
    Ok(gone[key].as_array().map_or(0, Vec::len))
}

fn names() -> Result<Vec<String>> {
    let all = request("GET /v1.43/containers/json?all=1", &Value::Null, 200)?;
    let all = all.as_array().cloned().unwrap_or_default();
    let mut names: Vec<String> = all.iter().map(|one| one["Names"][0].as_str().unwrap_or("?").into()).collect();
    names.sort();
    Ok(names)
}

fn a_prune_removes_the_containers_that_its_filters_choose_and_no_others() -> Result<()> {
    let _daemon = Daemon::start()?;
    create("plain", "true", Value::Null)?;
    create("web", "true", json!({"Labels": {"tier": "web"}}))?;
    create("db", "true", json!({"Labels": {"tier": "db", "keep": ""}}))?;
    let id = run("ended", "true", json!({"Labels": {"tier": "web"}}))?;
    wait(&id)?;
    let gone = |filters: Value| pruned("containers", &filters, "ContainersDeleted");
    ensure!(gone(json!({"label": ["no-such-label"]}))? == 0);
    ensure!(gone(json!({"until": ["1h"]}))? == 0);
    ensure!(gone(json!({"label": {"tier=web": true}}))? == 2);
    ensure!(names()? == ["/db", "/plain"], "{:?}", names()?);
    ensure!(gone(json!({"label!": {"keep": true}}))? == 1);
    ensure!(names()? == ["/db"], "{:?}", names()?);
    ensure!(gone(json!({}))? == 1 && names()?.is_empty());
    Ok(())
}

fn a_prune_removes_the_volumes_that_its_filters_choose_and_no_others() -> Result<()> {
    let _daemon = Daemon::start()?;
    for (name, labels) in [("plain", json!({})), ("web", json!({"tier": "web"})), ("kept", json!({"keep": "yes"}))] {
        request("POST /v1.43/volumes/create", &json!({"Name": name, "Labels": labels}), 201)?;
    }
    let gone = |filters: Value| pruned("volumes", &filters, "VolumesDeleted");
    ensure!(gone(json!({"label": ["tier=web"]}))? == 0, "all of them have names");
    ensure!(gone(json!({"label": ["tier=web"], "all": ["true"]}))? == 1);
    ensure!(gone(json!({"label!": ["keep=yes"], "all": {"1": true}}))? == 1);
    let left = request("GET /v1.43/volumes", &Value::Null, 200)?;
    let left = left["Volumes"].as_array().cloned().unwrap_or_default();
    ensure!(left.len() == 1 && left[0]["Name"] == "kept", "{left:?}");
    Ok(())
}

fn a_prune_removes_the_networks_that_its_filters_choose_and_no_others() -> Result<()> {
    let _daemon = Daemon::start()?;
    for (name, labels) in [("plain", json!({})), ("web", json!({"tier": "web"})), ("kept", json!({"keep": ""}))] {
        let made = request("POST /v1.43/networks/create", &json!({"Name": name, "Labels": labels}), 201)?;
        ensure!(made["Warning"] == "", "{made}");
    }
    let list = |filters: Value| -> Result<Vec<String>> {
        let path = format!("GET /v1.43/networks?filters={}", escaped(&filters.to_string()));
        let all = request(&path, &Value::Null, 200)?;
        let names = all.as_array().into_iter().flatten().filter_map(|network| network["Name"].as_str());
        Ok(names.map(String::from).collect())
    };
    ensure!(list(json!({"label": ["tier=web"]}))? == ["web"], "{:?}", list(json!({"label": ["tier=web"]}))?);
    ensure!(list(json!({"label": {"keep": true}}))? == ["kept"] && list(json!({"label": ["tier=db"]}))?.is_empty());
    let shown = request("GET /v1.43/networks/web", &Value::Null, 200)?;
    ensure!(shown["Labels"] == json!({"tier": "web"}), "{shown}");
    // The command line beside it has the same.
    let command = |args: &[&str]| -> Result<String> {
        let output = crate::world::program(args).output()?;
        ensure!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    };
    command(&["network", "create", "--label", "tier=db", "--label", "bare", "db"])?;
    ensure!(list(json!({"label": ["tier=db", "bare"]}))? == ["db"]);
    ensure!(command(&["network", "ls", "-q", "--filter", "label=tier"])? == "db\nweb\n");
    ensure!(command(&["network", "ls", "-q", "--filter", "label=tier=web"])? == "web\n");
    ensure!(command(&["network", "inspect", "web"])?.contains("\"tier\": \"web\""));
    let host = format!("unix://{}", crate::http::SOCKET);
    let there = |args: &[&str]| command(&[&["-H", &host][..], args].concat());
    there(&["network", "create", "--label", "made=there", "far"])?;
    ensure!(there(&["network", "ls", "-q", "--filter", "label=made=there"])? == "far\n");
    ensure!(command(&["network", "inspect", "far"])?.contains("\"made\": \"there\""));
    let gone = |filters: Value| pruned("networks", &filters, "NetworksDeleted");
    ensure!(gone(json!({"until": ["1h"]}))? == 0 && gone(json!({"label": ["none"]}))? == 0);
    ensure!(gone(json!({"label": ["tier=web"]}))? == 1);
    ensure!(gone(json!({"label!": ["keep"]}))? == 3);
    ensure!(list(json!({"type": ["custom"]}))? == ["kept"]);
    Ok(())
}

fn a_prune_with_a_filter_that_is_not_known_removes_nothing() -> Result<()> {
    let _daemon = Daemon::start()?;
    create("stays", "true", Value::Null)?;
    request("POST /v1.43/volumes/create", &json!({"Name": "stays"}), 201)?;
    request("POST /v1.43/networks/create", &json!({"Name": "stays"}), 201)?;
    for (what, filters) in [
        ("containers", r#"{"colour":["red"]}"#),
        ("containers", r#"{"until":["soon"]}"#),
        ("containers", r#"{"label":[5]}"#),
        ("volumes", r#"{"until":["1s"],"all":["true"]}"#),
        ("volumes", r#"{"all":["perhaps"]}"#),
        ("networks", r#"{"dangling":["true"]}"#),
        ("networks", r#"{"until":["soon"]}"#),
    ] {
        let answer = ask(&format!("POST /v1.43/{what}/prune?filters={}", escaped(filters)), &[])?;
        ensure!(status(&answer)? == 400 && answer.contains("{\"message\":\"invalid"), "{what} {filters}: {answer}");
    }
    ensure!(names()? == ["/stays"]);
    for what in ["volumes", "networks"] {
        request(&format!("GET /v1.43/{what}/stays"), &Value::Null, 200)?;
    }
    Ok(())
}
