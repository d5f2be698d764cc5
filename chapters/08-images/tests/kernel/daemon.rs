//! The daemon's routes for images, spoken to in raw HTTP.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use anyhow::{Result, ensure};
use testkit::{Case, cases, eventually};

use crate::archives::tar;
use crate::world::{program, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        a_build_over_the_socket_tells_its_steps_and_its_id,
        an_unknown_image_is_404_so_that_a_client_pulls_it,
        a_daemon_on_a_new_store_chooses_the_driver_that_a_command_would,
        a_prune_removes_the_images_that_its_filters_choose_and_no_others,
    ]
}

pub const SOCKET: &str = "/tmp/docker.sock";

pub struct Daemon(Child);

impl Daemon {
    pub fn start() -> Result<Daemon> {
        let mut command = program(&["daemon", "-H", &format!("unix://{SOCKET}")]);
        let daemon = Daemon(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
        eventually("the daemon answers", || {
            Ok(ask("GET /_ping", &[], "").is_ok_and(|answer| answer.contains("200 OK")))
        })?;
        Ok(daemon)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A request and its whole answer; `more` is a line for its head.
pub fn ask(request: &str, body: &[u8], more: &str) -> Result<String> {
    let mut stream = UnixStream::connect(SOCKET)?;
    let more = if more.is_empty() { String::new() } else { format!("{more}\r\n") };
    let length = body.len();
    let head = format!("{request} HTTP/1.1\r\nHost: d\r\nConnection: close\r\n{more}Content-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn a_build_over_the_socket_tells_its_steps_and_its_id() -> Result<()> {
    let _daemon = Daemon::start()?;
    let context = tar(&[("Dockerfile", b"FROM hostbox\nRUN echo ran-here\n")])?;
    let answer = ask("POST /v1.43/build?t=a%2Fb:1&version=1", &context, "")?;
    for expected in [
        "200 OK",
        "Step 2/2 : RUN echo ran-here",
        "ran-here\\n",
        "\"aux\":{\"ID\":\"sha256:",
        "Successfully tagged a/b:1",
    ] {
        ensure!(answer.contains(expected), "{expected}: {answer}");
    }
    let failed = ask("POST /v1.43/build?version=1", &tar(&[("Dockerfile", b"FROM hostbox\nRUN exit 9\n")])?, "")?;
    ensure!(failed.contains("\"errorDetail\":{\"code\":9"), "{failed}");
    let list = ask("GET /v1.43/images/json", &[], "")?;
    ensure!(list.contains("\"RepoTags\":[\"a/b:1\"]"), "{list}");
    // A name with a slash in a path.
    ensure!(ask("GET /v1.43/images/a/b:1/json", &[], "")?.contains("200 OK"));
    ensure!(ask("POST /v1.43/images/a/b:1/tag?repo=docker.io%2Flibrary%2Fshort&tag=2", &[], "")?.contains("201"));
    ensure!(ask("DELETE /v1.43/images/a/b:1", &[], "")?.contains("{\"Untagged\":\"a/b:1\"}"));
    ensure!(succeeds(&["images"])?.contains("short"));
    Ok(())
}

fn an_unknown_image_is_404_so_that_a_client_pulls_it() -> Result<()> {
    let _daemon = Daemon::start()?;
    let answer = ask("POST /v1.43/containers/create", br#"{"Image":"none:1","Cmd":["true"]}"#, "")?;
    ensure!(answer.contains("404 Not Found") && answer.contains("No such image: none:1"), "{answer}");
    ensure!(ask("GET /v1.43/images/none/json", &[], "")?.contains("404"));
    ensure!(ask("POST /v1.43/images/none/push", &[], "")?.contains("501"));
    Ok(())
}

fn a_daemon_on_a_new_store_chooses_the_driver_that_a_command_would() -> Result<()> {
    let _daemon = Daemon::start()?;
    let answer = ask("GET /v1.43/info", &[], "")?;
    let told = Command::new(env!("CARGO_BIN_EXE_coracle")).args(["--root", "/tmp/another", "info"]).output()?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let of_command = told.lines().find_map(|line| line.strip_prefix("Storage Driver: ")).unwrap_or_default();
    ensure!(!of_command.is_empty(), "{told}");
    ensure!(answer.contains(&format!("\"Driver\":\"{of_command}\"")), "{of_command}: {answer}");
    Ok(())
}

fn a_prune_removes_the_images_that_its_filters_choose_and_no_others() -> Result<()> {
    let _daemon = Daemon::start()?;
    let build = |label: &str, name: &str| -> Result<()> {
        let dockerfile = format!("FROM hostbox\nLABEL {label}\nRUN echo {label} > /label\n");
        let query = if name.is_empty() { String::new() } else { format!("&t={name}") };
        let context = tar(&[("Dockerfile", dockerfile.as_bytes())])?;
        let answer = ask(&format!("POST /v1.43/build?version=1{query}"), &context, "")?;
        ensure!(answer.contains("\"aux\":{\"ID\""), "{answer}");
        Ok(())
    };
    build("tier=web", "")?;
    build("tier=db", "")?;
    build("tier=named", "named:1")?;
    let prune = |filters: &str| {
        let escaped = filters.replace('{', "%7B").replace('}', "%7D").replace('"', "%22");
        ask(&format!("POST /v1.43/images/prune?filters={escaped}"), &[], "")
    };
    let labels = || -> Result<Vec<&str>> {
        let list = ask("GET /v1.43/images/json", &[], "")?;
        Ok(["web", "db", "named"].into_iter().filter(|label| list.contains(&format!("\"tier\":\"{label}\""))).collect())
    };
    ensure!(labels()? == ["web", "db", "named"], "{:?}", labels()?);
    for refused in [r#"{"colour":["red"]}"#, r#"{"dangling":["perhaps"]}"#, r#"{"until":["soon"]}"#] {
        let answer = prune(refused)?;
        ensure!(answer.contains("400 Bad Request") && answer.contains("{\"message\":\"invalid"), "{answer}");
    }
    for nothing in [r#"{"until":["1h"]}"#, r#"{"label":["none"]}"#, r#"{"label!":["tier"],"dangling":["false"]}"#] {
        ensure!(prune(nothing)?.contains("200 OK"));
        ensure!(labels()? == ["web", "db", "named"], "{nothing}: {:?}", labels()?);
    }
    ensure!(prune(r#"{"label":{"tier=web":true},"dangling":{"true":true}}"#)?.contains("\"Deleted\""));
    ensure!(labels()? == ["db", "named"], "{:?}", labels()?);
    // As docker sends it: without --all, and with it.
    ensure!(prune(r#"{"dangling":{"true":true}}"#)?.contains("200 OK"));
    ensure!(labels()? == ["named"], "{:?}", labels()?);
    ensure!(prune(r#"{"dangling":{"false":true}}"#)?.contains("{\"Untagged\":\"named:1\"}"));
    ensure!(labels()?.is_empty(), "{:?}", labels()?);
    ensure!(succeeds(&["system", "check"])?.ends_with("0 left over, 0 damaged"));
    Ok(())
}
