//! Requests that are wrong: answered or dropped, and the daemon stays up with nothing left open.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::{Result, ensure};
use testkit::{Case, cases, patiently};

use crate::http::{ask, connect, send, status};
use crate::world::{Daemon, is_up};

pub fn cases() -> Vec<Case> {
    cases![
        what_is_no_http_is_refused_or_dropped,
        json_that_is_broken_or_of_other_types_is_a_bad_request,
        paths_that_are_unknown_have_an_answer_in_json,
        every_version_that_is_spoken_is_answered_and_no_other,
        what_is_not_honoured_is_refused_by_its_name,
        an_oversized_body_is_refused_without_being_kept,
        heads_that_never_end_are_dropped_and_keep_nobody_waiting,
    ]
}

fn what_is_no_http_is_refused_or_dropped() -> Result<()> {
    let daemon = Daemon::start()?;
    let before = daemon.descriptors()?;
    let long_header = [b"GET /_ping HTTP/1.1\r\nX: ", &vec![b'x'; 1 << 20][..], b"\r\n\r\n"].concat();
    let many_headers = ["GET /_ping HTTP/1.1\r\n", &"X: y\r\n".repeat(10_000), "\r\n"].concat();
    let long_path = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(1 << 20));
    let wrong: [&[u8]; 12] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0\0\0\0\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /_ping HTTP/9.9\r\n\r\n",
        b"GET /_ping HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /containers/create HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /containers/create HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST /containers/create HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        &long_header,
        many_headers.as_bytes(),
        long_path.as_bytes(),
    ];
    for bytes in wrong {
        let answer = send(bytes)?;
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        ensure!(answer.is_empty() || (400..500).contains(&status(&answer)?), "{shown:?}: {answer}");
        ensure!(is_up(), "{shown:?} ended the daemon");
    }
    // A client that closes in the middle of what it says.
    for end in [3, 20, 50] {
        let mut stream = connect()?;
        let request = b"POST /containers/create HTTP/1.1\r\nContent-Length: 500\r\n\r\n{\"Image\":";
        stream.write_all(&request[..end.min(request.len())])?;
        drop(stream);
    }
    ensure!(is_up());
    daemon.is_back_to(before)
}

fn json_that_is_broken_or_of_other_types_is_a_bad_request() -> Result<()> {
    let daemon = Daemon::start()?;
    let before = daemon.descriptors()?;
    let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
    let bodies = [
        "",
        "{",
        "null",
        "[]",
        "7",
        "\"x\"",
        "{\"Image\":5}",
        "{\"Image\":\"hostbox\",\"Cmd\":5}",
        "\u{feff}{}",
        &deep,
        "{\"Image\":\"hostbox\",\"Cmd\":[\"true\"],\"HostConfig\":[]}",
        "{\"Image\":\"hostbox\",\"Cmd\":[\"true\"],\"HostConfig\":{\"Memory\":\"much\"}}",
        "{\"Image\":\"hostbox\",\"Cmd\":[\"true\"],\"HostConfig\":{\"CapDrop\":\"ALL\"}}",
        "{\"Image\":\"hostbox\",\"Cmd\":[\"true\"],\"HostConfig\":{\"SecurityOpt\":\"no-new-privileges\"}}",
        "{\"Image\":\"hostbox\",\"Cmd\":[\"true\"],\"HostConfig\":{\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/tmp\",\"Target\":\"/t\",\"BindOptions\":{\"Propagation\":\"rshared\"}}]}}",
        "{\"Image\":\"hostbox\",\"Cmd\":[\"true\"],\"HostConfig\":{\"PortBindings\":{\"x/y\":[{\"HostPort\":\"z\"}]}}}",
        "{\"Image\":\"hostbox\",\"Cmd\":[\"true\"],\"HostConfig\":{\"Binds\":[\"relative:also-relative\"]}}",
    ];
    for body in bodies {
        let answer = ask("POST /v1.43/containers/create", body.as_bytes())?;
        let shown = &body[..body.len().min(80)];
        ensure!((400..500).contains(&status(&answer)?), "{shown}: {answer}");
        ensure!(
            answer.contains("content-type: application/json\r\n") && answer.contains("{\"message\":\""),
            "{answer}"
        );
    }
    let _id = crate::world::run("any", "sleep 600", serde_json::Value::Null)?;
    let large = format!("{{\"Cmd\":[\"true\"],\"Env\":[\"A={}\"]}}", "x".repeat(200_000));
    let answer = ask("POST /v1.43/containers/any/exec", large.as_bytes())?;
    ensure!(status(&answer)? == 400 && answer.contains("at most"), "{answer}");
    crate::world::act("DELETE", "any?force=1")?;
    daemon.is_back_to(before)
}

fn paths_that_are_unknown_have_an_answer_in_json() -> Result<()> {
    let daemon = Daemon::start()?;
    let before = daemon.descriptors()?;
    for (path, expected) in [
        ("/v99999999999.1/info", 404),
        ("/no/such/path", 404),
        ("/v1.43/", 404),
        ("/swarm", 501),
        ("/v1.43/containers/%00/json", 404),
        ("/v1.43/containers/%2e%2e%2f%2e%2e/json", 404),
        ("/v1.43/containers/json?filters=%7B", 400),
        ("/v1.43/containers/json?limit=x", 400),
    ] {
        let answer = ask(&format!("GET {path}"), &[])?;
        ensure!(status(&answer)? == expected, "{path}: {answer}");
        ensure!(answer.contains("{\"message\":\""), "{path}: {answer}");
    }
    ensure!(status(&ask("BREW /_ping", &[])?)? == 404);
    daemon.is_back_to(before)
}

fn every_version_that_is_spoken_is_answered_and_no_other() -> Result<()> {
    let _daemon = Daemon::start()?;
    let version = crate::http::json("GET /version", &serde_json::Value::Null, 200)?;
    ensure!(version["ApiVersion"] == "1.48" && version["MinAPIVersion"] == "1.24", "{version}");
    let id = crate::world::create("any", "true", serde_json::Value::Null)?;
    for minor in 24..=48 {
        for path in
            ["version", "info", "containers/json?all=1", "networks", "volumes", &format!("containers/{id}/json")]
        {
            let answer = ask(&format!("GET /v1.{minor}/{path}"), &[])?;
            ensure!(status(&answer)? == 200, "1.{minor} {path}: {answer}");
            ensure!(answer.to_lowercase().contains("api-version: 1.48\r\n"), "1.{minor}: {answer}");
        }
    }
    for (version, message) in [
        ("1.49", "client version 1.49 is too new. Maximum supported API version is 1.48"),
        ("1.51", "client version 1.51 is too new. Maximum supported API version is 1.48"),
        ("1.99", "client version 1.99 is too new. Maximum supported API version is 1.48"),
        ("2.0", "client version 2.0 is too new. Maximum supported API version is 1.48"),
        ("1.2", "client version 1.2 is too old. Minimum supported API version is 1.24, please upgrade your client"),
        ("1.23", "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client"),
    ] {
        let answer = ask(&format!("GET /v{version}/containers/json"), &[])?;
        ensure!(status(&answer)? == 400 && answer.contains(message), "{version}: {answer}");
    }
    // Without a version in the path a client asks first, and learns which one there is.
    let answer = ask("HEAD /_ping", &[])?;
    ensure!(status(&answer)? == 200 && answer.to_lowercase().contains("api-version: 1.48\r\n"), "{answer}");
    Ok(())
}

fn what_is_not_honoured_is_refused_by_its_name() -> Result<()> {
    let _daemon = Daemon::start()?;
    let id = crate::world::create("any", "true", serde_json::Value::Null)?;
    for (request, body, named) in [
        ("GET containers/json?size=1", "", "the parameter size of GET /containers/json"),
        ("GET containers/any/json?size=1", "", "the parameter size"),
        ("GET containers/any/logs?stdout=1&details=1", "", "the parameter details"),
        ("POST containers/any/start?checkpoint=x", "", "the parameter checkpoint"),
        ("DELETE containers/any?link=1", "", "the parameter link"),
        ("POST containers/create?platform=linux/s390x", "{\"Image\":\"hostbox\"}", "invalid platform"),
        ("GET volumes?filters=%7B%22colour%22%3A%5B%22red%22%5D%7D", "", "invalid filter 'colour'"),
        ("GET networks?filters=%7B%22colour%22%3A%5B%22red%22%5D%7D", "", "invalid filter 'colour'"),
        (
            "POST networks/create",
            "{\"Name\":\"a\",\"IPAM\":{\"Config\":[{\"IPRange\":\"10.1.0.0/24\"}]}}",
            "IPAM.Config[0].IPRange",
        ),
        (
            "POST networks/create",
            "{\"Name\":\"a\",\"IPAM\":{\"Config\":[{\"AuxiliaryAddresses\":{\"r\":\"10.1.0.9\"}}]}}",
            "IPAM.Config[0].AuxiliaryAddresses",
        ),
        ("POST networks/create", "{\"Name\":\"a\",\"IPAM\":{\"Config\":[{},{}]}}", "more than one subnet"),
        ("POST networks/create", "{\"Name\":\"a\",\"Ingress\":true}", "Ingress"),
        ("POST networks/create", "{\"Name\":\"a\",\"Colour\":\"red\"}", "Colour"),
        ("POST networks/create", "{\"Name\":\"a b\"}", "invalid network name"),
        (
            "POST networks/create",
            "{\"Name\":\"a\",\"Options\":{\"com.docker.network.bridge.enable_icc\":\"false\"}}",
            "com.docker.network.bridge.enable_icc",
        ),
        ("POST volumes/create", "{\"Name\":\"../x\"}", "invalid volume name"),
        ("POST volumes/create", "{\"DriverOpts\":{\"type\":\"nfs\"}}", "DriverOpts"),
        (
            "POST networks/create",
            "{\"Name\":\"a\",\"Options\":{\"com.docker.network.driver.mtu\":\"x\"}}",
            "driver.mtu",
        ),
        (
            "POST volumes/create",
            "{\"Name\":\"a\",\"ClusterVolumeSpec\":{\"Group\":\"g\"}}",
            "ClusterVolumeSpec is not supported",
        ),
        ("POST volumes/create", "{\"Name\":\"a\",\"Labels\":[\"l\"]}", "Labels"),
        ("POST containers/any/exec", "{\"Cmd\":[\"true\"],\"Env\":\"A=b\"}", "Env"),
        ("POST containers/any/exec", "{\"Cmd\":[\"true\"],\"Colour\":\"red\"}", "Colour"),
        (
            "POST containers/create",
            "{\"Image\":\"hostbox\",\"HostConfig\":{\"Tmpfs\":{\"/t\":\"size=1m,uid=5\"}}}",
            "the option \\\"uid=5\\\" of the tmpfs at /t",
        ),
    ] {
        let (method, path) = request.split_once(' ').unwrap_or_default();
        let answer = ask(&format!("{method} /v1.43/{path}"), body.as_bytes())?;
        ensure!(status(&answer)? == 400 && answer.contains(named), "{request} {body}: {answer}");
    }
    let udp = "{\"Image\":\"hostbox\",\"HostConfig\":{\"PortBindings\":{\"80/udp\":[{\"HostPort\":\"80\"}]}}}";
    let answer = ask("POST /v1.43/containers/create", udp.as_bytes())?;
    ensure!(status(&answer)? == 400 && answer.contains("only TCP ports can be published, not udp"), "{answer}");
    ensure!(!answer.contains("--help") && answer.matches("only TCP").count() == 1, "{answer}");
    // What says nothing passes, and nothing was made or removed.
    for path in ["containers/json?size=0&all=1&trunc_cmd=0", "volumes?filters=%7B%7D", "networks?filters="] {
        ensure!(status(&ask(&format!("GET /v1.43/{path}"), &[])?)? == 200, "{path}");
    }
    ensure!(crate::world::inspect(&id)?["State"]["Status"] == "created");
    let volumes = crate::http::json("GET /v1.43/volumes", &serde_json::Value::Null, 200)?;
    ensure!(volumes["Volumes"] == serde_json::json!([]), "{volumes}");
    Ok(())
}

fn an_oversized_body_is_refused_without_being_kept() -> Result<()> {
    let daemon = Daemon::start()?;
    let (before, memory) = (daemon.descriptors()?, daemon.peak_memory()?);
    let large = vec![b' '; 96 << 20];
    let answer = ask("POST /v1.43/containers/create", &large)?;
    ensure!(answer.is_empty() || (400..500).contains(&status(&answer)?), "{answer}");
    // To a path that nobody answers, in chunks.
    let chunk = [b"4000\r\n", &vec![b'x'; 0x4000][..], b"\r\n"].concat();
    let mut request = b"POST /no/such/path HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    request.extend(chunk.repeat(6000));
    let answer = send(&request)?;
    ensure!(answer.is_empty() || (400..500).contains(&status(&answer)?), "{answer}");
    ensure!(is_up());
    let grown = daemon.peak_memory()? - memory;
    ensure!(grown < 24 << 10, "its memory has grown by {grown} kB");
    daemon.is_back_to(before)
}

fn heads_that_never_end_are_dropped_and_keep_nobody_waiting() -> Result<()> {
    let daemon = Daemon::start()?;
    let before = daemon.descriptors()?;
    let beginnings: [&[u8]; 4] =
        [b"", b"GET /_ping", b"GET /_ping HTTP/1.1\r\nHost: d\r\n", b"GET /_ping HTTP/1.1\r\nHost: d\r\nX"];
    let mut open = Vec::new();
    for number in 0..200 {
        let mut stream = connect()?;
        stream.write_all(beginnings[number % beginnings.len()])?;
        open.push(stream);
    }
    ensure!(is_up(), "200 clients that say nothing keep the others from being served");
    // The daemon closes them. A byte now and then doesn't make a head.
    for stream in &mut open {
        has_been_closed(stream)?;
    }
    ensure!(is_up());
    daemon.is_back_to(before)
}

fn has_been_closed(stream: &mut UnixStream) -> Result<()> {
    stream.set_read_timeout(Some(patiently(Duration::from_secs(45))))?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => anyhow::bail!("still open after 45 s"),
        _ => ensure!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{:?}", String::from_utf8_lossy(&answer)),
    }
    Ok(())
}
