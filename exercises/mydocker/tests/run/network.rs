//! Networks: none, a bridge, the host's; ports.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::{Lab, observe};
use nix::sys::signal::Signal;
use testkit::{Case, cases, eventually, needs};

use crate::running::{run, send, started, stderr, stdout};

pub fn cases() -> Vec<Case> {
    cases![
        without_a_network_a_container_has_lo_and_nothing_else,
        on_a_bridge_a_container_has_an_address_and_reaches_the_gateway,
        two_containers_on_one_host_have_different_addresses_and_reach_each_other,
        a_container_that_was_killed_gives_its_address_back,
        with_the_hosts_network_there_is_no_other_namespace,
        a_page_in_the_container_is_served_on_the_published_port_here,
        a_caller_who_has_no_more_to_say_is_answered_through_a_published_port,
        a_port_in_use_is_refused_and_nothing_is_left,
        the_proxies_end_with_the_container_also_when_mydocker_is_killed,
    ]
}

pub fn needs_bridges() -> Result<()> {
    needs::program("nft")?;
    needs::program("ip")
}

/// Interfaces and addresses, one a line.
const ADDRESSES: &str = "ip -4 -brief address | tr -s ' ' | cut -d ' ' -f 1,3";

fn without_a_network_a_container_has_lo_and_nothing_else() -> Result<()> {
    needs::program("ip")?;
    let output = run(&["run", "sh", "-c", ADDRESSES])?;
    ensure!(output.status.success() && stdout(&output) == "lo 127.0.0.1/8", "{output:?}");
    Ok(())
}

fn on_a_bridge_a_container_has_an_address_and_reaches_the_gateway() -> Result<()> {
    needs_bridges()?;
    let output = run(&["run", "--network", "bridge", "bash", "-c", "exec 3<>/dev/tcp/172.29.0.1/9"])?;
    // Nobody listens there: it is the gateway that says so.
    ensure!(stderr(&output).contains("Connection refused"), "{output:?}");
    Ok(())
}

/// Runs a script as root of a host that is the test's; `$1` is mydocker.
fn on_a_host(script: &str) -> Result<String> {
    needs::user_namespaces()?;
    needs_bridges()?;
    let mut bash = Lab::new().time_limit(Duration::from_secs(60)).command("bash");
    bash.args(["-c", script, "bash", env!("CARGO_BIN_EXE_mydocker-solved")]).stdin(Stdio::null());
    let output = bash.output().context("starting a lab")?;
    ensure!(output.status.success(), "{output:?}");
    Ok(stdout(&output))
}

/// A container that is ready when its word has come, and ends with the pipe that it reads from.
const FIRST: &str = "
    mkfifo /tmp/in /tmp/out
    $1 run --no-lab --network bridge --name first sh -c 'echo ready; cat' </tmp/in >/tmp/out & first=$!
    exec 3>/tmp/in 4</tmp/out
    read -r word <&4
    run() { $1 run --no-lab --network bridge \"${@:2}\" 2>&1 | grep -v ^mydocker:; }
";

fn two_containers_on_one_host_have_different_addresses_and_reach_each_other() -> Result<()> {
    let script = "
        run $1 bash -c \"hostname -I; exec 5<>/dev/tcp/172.29.0.2/9\"
        ports() { ip -brief link show master mydocker0 | wc -l; }
        # The kernel takes the second one's network namespace apart in the background.
        for moment in {1..500}; do [ $(ports) = 1 ] && break; sleep 0.02; done
        ports
        nft list ruleset | grep -c masquerade";
    let said = on_a_host(&format!("{FIRST}{script}"))?;
    let lines: Vec<&str> = said.lines().map(str::trim).collect();
    ensure!(lines.first() == Some(&"172.29.0.3"), "{said}");
    ensure!(said.contains("Connection refused"), "the first container has answered: {said}");
    ensure!(lines.ends_with(&["1", "1"]), "one port is left, and one rule: {said}");
    Ok(())
}

fn a_container_that_was_killed_gives_its_address_back() -> Result<()> {
    let script = "
        kill -9 $first; wait $first 2>/dev/null
        exec 3>&-
        # The container itself ends with its stdin.
        cat <&4
        run $1 hostname -I";
    let said = on_a_host(&format!("{FIRST}{script}"))?;
    ensure!(said.trim() == "172.29.0.2", "{said}");
    Ok(())
}

fn with_the_hosts_network_there_is_no_other_namespace() -> Result<()> {
    let script = "
        readlink /proc/self/ns/net
        $1 run --no-lab --network host readlink /proc/self/ns/net 2>/dev/null
        $1 run --no-lab readlink /proc/self/ns/net 2>/dev/null";
    let said = on_a_host(script)?;
    let namespaces: Vec<&str> = said.lines().collect();
    ensure!(namespaces.len() == 3 && namespaces[0] == namespaces[1] && namespaces[1] != namespaces[2], "{said}");
    Ok(())
}

/// A container that serves until its stdin ends; each of its port 80's callers is another `caller`.
fn serving(options: &[&str], caller: &str) -> Result<Child> {
    needs_bridges()?;
    needs::program("busybox")?;
    let script = format!("busybox nc -ll -p 80 -e sh -c '{caller}' & echo ready; exec cat");
    started(&[&["run"], options, &["sh", "-c", &script]].concat(), Stdio::piped())
}

/// The answer to a text, also of one who doesn't listen yet.
pub fn ask(port: u16, text: &str) -> Result<String> {
    let mut answer = String::new();
    eventually("the container answers", || {
        answer = asked(port, text).unwrap_or_default();
        Ok(!answer.is_empty())
    })?;
    Ok(answer)
}

/// Says it, and that there is no more to come.
fn asked(port: u16, text: &str) -> Result<String> {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    server.set_read_timeout(Some(Duration::from_secs(20)))?;
    server.write_all(text.as_bytes())?;
    server.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    server.read_to_string(&mut answer)?;
    Ok(answer)
}

fn end(mut container: Child) -> Result<()> {
    drop(container.stdin.take());
    let status = container.wait()?;
    ensure!(status.success(), "{status}");
    Ok(())
}

fn a_page_in_the_container_is_served_on_the_published_port_here() -> Result<()> {
    let page = r#"read -r request; read -r blank; printf "HTTP/1.0 200 OK\r\n\r\n"; hostname"#;
    let container = serving(&["--hostname", "boat", "-p", "8080:80", "-p", "127.0.0.1:8081:80"], page)?;
    for port in [8080, 8081] {
        let answer = ask(port, "GET / HTTP/1.0\r\n\r\n")?;
        ensure!(answer.contains("200 OK") && answer.trim_end().ends_with("boat"), "{port}: {answer:?}");
    }
    end(container)?;
    // At once: by now nobody has them.
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, 8080)).context("8080 is free again")?;
    TcpListener::bind((Ipv4Addr::LOCALHOST, 8081)).context("8081 is free again")?;
    Ok(())
}

fn a_caller_who_has_no_more_to_say_is_answered_through_a_published_port() -> Result<()> {
    // It answers when it has heard the end: how much that was.
    let container = serving(&["-p", "8080:80"], "wc -c")?;
    // One who says nothing is in nobody's way.
    let _silent = TcpStream::connect((Ipv4Addr::LOCALHOST, 8080))?;
    ensure!(ask(8080, "ahoy")?.trim() == "4");
    ensure!(ask(8080, &"x".repeat(300_000))?.trim() == "300000");
    end(container)
}

fn a_port_in_use_is_refused_and_nothing_is_left() -> Result<()> {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 8080))?;
    let before = observe::descendants(1);
    for lab in [&["run"][..], &["run", "--no-lab"]] {
        let free = ["-p", "127.0.0.1:8081:80", "-p", "127.0.0.1:8080:80", "echo", "ran"];
        let output = run(&[lab, &free].concat())?;
        ensure!(output.status.code() == Some(125) && stdout(&output).is_empty(), "{output:?}");
        ensure!(stderr(&output).contains("cannot publish 127.0.0.1:8080: bind: EADDRINUSE"), "{output:?}");
        ensure!(stderr(&output).contains("\ncause: ") && stderr(&output).contains("\ncure: "), "{output:?}");
        TcpListener::bind((Ipv4Addr::LOCALHOST, 8081)).context("the other port is free again")?;
    }
    ensure!(observe::descendants(1) == before, "a process is left");
    drop(taken);
    Ok(())
}

fn the_proxies_end_with_the_container_also_when_mydocker_is_killed() -> Result<()> {
    needs_bridges()?;
    needs::user_namespaces()?;
    let before = observe::descendants(1);
    let options = ["run", "--no-lab", "-p", "8080:80", "-p", "8081:80", "sh", "-c", "echo ready; exec cat"];
    let container = started(&options, Stdio::piped())?;
    let ours = || observe::children(container.id() as i32);
    ensure!(ours().len() == 3, "a PID 1 and two proxies: {:?}", ours());
    end(container)?;
    ensure!(observe::descendants(1) == before, "a process is left");

    let mut container = started(&options, Stdio::piped())?;
    send(&container, Signal::SIGKILL)?;
    container.wait()?;
    eventually("the ports are free", || Ok(TcpListener::bind((Ipv4Addr::UNSPECIFIED, 8080)).is_ok()))
}
