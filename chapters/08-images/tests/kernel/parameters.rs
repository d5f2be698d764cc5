//! What stands behind a request's question mark: honoured, or refused by its name.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;
use testkit::{Case, cases, eventually, patiently};

use crate::archives::tar;
use crate::daemon::{Daemon, SOCKET, ask};
use crate::world::{program, said, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        what_surrounds_a_build_reaches_its_steps,
        what_a_build_cannot_honour_is_refused_or_warned_of,
        a_build_whose_client_is_gone_ends_though_its_step_says_nothing,
        an_import_and_a_commit_have_their_changes_and_their_message,
        a_commit_can_be_asked_of_a_daemon,
    ]
}

fn build(query: &str, dockerfile: &str) -> Result<String> {
    ask(&format!("POST /v1.43/build?version=1&{query}"), &tar(&[("Dockerfile", dockerfile.as_bytes())])?, "")
}

fn what_surrounds_a_build_reaches_its_steps() -> Result<()> {
    let _daemon = Daemon::start()?;
    let dockerfile =
        "FROM hostbox\nRUN echo $(grep -c : /proc/net/dev) interfaces; ulimit -n; grep far /etc/hosts; true\n";
    let ulimits = "%5B%7B%22Name%22%3A%22nofile%22%2C%22Soft%22%3A77%2C%22Hard%22%3A77%7D%5D";
    let query = format!("networkmode=none&ulimits={ulimits}&extrahosts=far%3A10.9.8.7&rm=1&pull=1&cachefrom=%5B%5D");
    let answer = build(&query, dockerfile)?;
    for expected in ["1 interfaces\\n", "77\\n", "10.9.8.7\\tfar\\n", "\"aux\":{\"ID\":\"sha256:"] {
        ensure!(answer.contains(expected), "{expected}: {answer}");
    }
    Ok(())
}

fn what_a_build_cannot_honour_is_refused_or_warned_of() -> Result<()> {
    let _daemon = Daemon::start()?;
    for (query, named) in [
        ("squash=1", "the parameter squash of POST /build is not supported"),
        ("securityopt=seccomp%3Dx", "the parameter securityopt"),
        ("outputs=x", "the parameter outputs"),
        ("platform=linux%2Fs390x", "invalid platform"),
        ("memory=much", "invalid memory"),
        ("ulimits=x", "invalid ulimits"),
    ] {
        let answer = build(query, "FROM hostbox\nRUN true\n")?;
        ensure!(answer.contains("400 Bad Request") && answer.contains(named), "{query}: {answer}");
    }
    // As docker sends what nobody asked for.
    let nothing = "buildargs=%7B%7D&cachefrom=%5B%5D&cgroupparent=&cpuperiod=0&cpuquota=0&cpusetcpus=&cpusetmems=&cpushares=0\
                   &dockerfile=Dockerfile&labels=%7B%7D&memory=0&memswap=0&networkmode=default&rm=1&shmsize=0&target=&ulimits=null";
    let answer = build(nothing, "FROM hostbox\nENV A=1\n")?;
    ensure!(answer.contains("Successfully built") && !answer.contains("Warning"), "{answer}");
    let answer = build("cachefrom=%5B%22x%22%5D", "FROM hostbox\nENV A=1\n")?;
    ensure!(answer.contains("[Warning] cachefrom has no effect") && answer.contains("Successfully built"), "{answer}");
    for (request, named) in [
        ("POST /v1.43/images/create?fromImage=hostbox&platform=linux%2Fs390x", "invalid platform"),
        (
            "GET /v1.43/images/hostbox/json?platform=%7B%22os%22%3A%22linux%22%2C%22architecture%22%3A%22s390x%22%7D",
            "invalid platform",
        ),
        ("GET /v1.43/images/json?shared-size=1", "the parameter shared-size"),
        ("GET /v1.43/images/json?filters=%7B%22colour%22%3A%5B%22red%22%5D%7D", "invalid filter 'colour'"),
        ("DELETE /v1.43/images/a/b?noprune=1", "the parameter noprune"),
        ("POST /v1.43/images/create?fromSrc=-&changes=RUN%20true", "invalid change"),
    ] {
        let answer = ask(request, &[], "")?;
        ensure!(answer.contains("400 Bad Request") && answer.contains(named), "{request}: {answer}");
    }
    Ok(())
}

fn a_build_whose_client_is_gone_ends_though_its_step_says_nothing() -> Result<()> {
    let _daemon = Daemon::start()?;
    let context = tar(&[("Dockerfile", b"FROM hostbox\nRUN sleep 100000\n")])?;
    for quiet in ["", "&q=1"] {
        let mut stream = UnixStream::connect(SOCKET)?;
        stream.set_read_timeout(Some(patiently(Duration::from_secs(20))))?;
        let head = format!(
            "POST /v1.43/build?version=1{quiet} HTTP/1.1\r\nHost: d\r\nContent-Length: {}\r\n\r\n",
            context.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(&context)?;
        eventually("the step runs", || Ok(!succeeds(&["ps", "-q"])?.is_empty()))?;
        if quiet.is_empty() {
            let mut told = vec![0; 4096];
            ensure!(stream.read(&mut told)? > 0);
        }
        drop(stream);
        eventually("the step is gone", || Ok(succeeds(&["ps", "-aq"])?.is_empty()))?;
    }
    Ok(())
}

fn details(name: &str) -> Result<Value> {
    let answer = ask(&format!("GET /v1.43/images/{name}/json"), &[], "")?;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    Ok(serde_json::from_str::<Value>(body)?)
}

fn an_import_and_a_commit_have_their_changes_and_their_message() -> Result<()> {
    let _daemon = Daemon::start()?;
    let query = "fromSrc=-&repo=imported&tag=1&message=brought&changes=ENV%20A%3Db&changes=CMD%20%5B%22x%22%5D";
    let answer = ask(&format!("POST /v1.43/images/create?{query}"), &tar(&[("f", b"content")])?, "")?;
    ensure!(answer.contains("200 OK") && answer.contains("sha256:"), "{answer}");
    let imported = details("imported:1")?;
    let env = imported["Config"]["Env"].as_array().cloned().unwrap_or_default();
    ensure!(env.contains(&"A=b".into()) && imported["Config"]["Cmd"][0] == "x", "{imported}");
    ensure!(answer.contains(imported["Id"].as_str().unwrap_or("no id")), "{answer}");
    ensure!(ask("GET /v1.43/images/imported:1/history", &[], "")?.contains("\"Comment\":\"brought\""));
    succeeds(&["create", "--name", "box", "hostbox", "true"])?;
    let query = "container=box&repo=made&tag=2&changes=LABEL%20k%3Dv%0AEXPOSE%2080&changes=WORKDIR%20%2Fsrv";
    let answer = ask(&format!("POST /v1.43/commit?{query}"), b"null", "")?;
    ensure!(answer.contains("201 Created"), "{answer}");
    let made = details("made:2")?;
    let config = &made["Config"];
    ensure!(config["Labels"]["k"] == "v" && config["ExposedPorts"]["80/tcp"].is_object(), "{made}");
    ensure!(config["WorkingDir"] == "/srv" && config["Cmd"][0] == "true", "{made}");
    // What was in between is gone.
    ensure!(!succeeds(&["images"])?.contains("<none>"), "{}", succeeds(&["images"])?);
    ensure!(succeeds(&["system", "check"])?.ends_with(" 0 left over, 0 damaged"));
    let answer = ask("POST /v1.43/commit?container=box", br#"{"Cmd":["other"]}"#, "")?;
    ensure!(answer.contains("400 Bad Request") && answer.contains("use changes"), "{answer}");
    Ok(())
}

fn a_commit_can_be_asked_of_a_daemon() -> Result<()> {
    let _daemon = Daemon::start()?;
    succeeds(&["run", "--name", "box", "--network=none", "hostbox", "touch", "/mark"])?;
    let host = format!("unix://{SOCKET}");
    let args = ["-H", &host, "commit", "box", "registry:5000/made:3"];
    let id = said(program(&args).output()?, &args)?;
    ensure!(details("registry:5000/made:3")?["Id"] == id.as_str(), "{id}");
    ensure!(succeeds(&["run", "--rm", "--network=none", "registry:5000/made:3", "ls", "/mark"])? == "/mark");
    Ok(())
}
