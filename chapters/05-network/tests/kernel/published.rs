//! Published ports, from every side, and the proxy.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases, root_cases};

use crate::outside::Outside;
use crate::world::{Container, busybox_volume, fetch, processes_with, refused, sh, succeeds, tables};

pub fn cases() -> Vec<Case> {
    let mut cases = cases![
        a_page_is_served_on_a_published_port,
        a_port_of_zero_is_a_free_one_and_the_verb_says_which,
        a_port_that_is_in_use_is_refused_before_anything_is_made,
        a_side_that_has_said_all_still_hears_the_answer,
        many_callers_at_once_are_all_served,
        a_proxy_that_may_open_few_files_lets_callers_wait,
        a_proxy_may_open_as_many_files_as_the_hard_limit_says,
        a_port_for_one_address_is_for_no_other,
        the_proxy_ends_with_its_container,
    ];
    cases.extend(root_cases![
        callers_from_elsewhere_are_seen_with_their_own_address,
        the_machines_other_addresses_lead_there_without_the_proxy,
        a_container_calls_itself_by_the_machines_port,
        another_container_calls_by_the_machines_port,
        the_rules_end_with_the_container_though_nobody_removes_it,
    ]);
    cases
}

fn a_page_is_served_on_a_published_port() -> Result<()> {
    let web = Container::serving("web", &["-p", "8080:80"])?;
    ensure!(fetch("http://127.0.0.1:8080/hostname")? == web.id[..12]);
    ensure!(succeeds(&["port", "web"])? == "80/tcp -> 0.0.0.0:8080");
    // The proxy is the caller, from the bridge's side.
    ensure!(fetch("http://127.0.0.1:8080/cgi-bin/caller")? == "172.30.0.1");
    web.remove()?;
    ensure!(TcpStream::connect("127.0.0.1:8080").is_err(), "the port is still open");
    Ok(())
}

fn a_port_of_zero_is_a_free_one_and_the_verb_says_which() -> Result<()> {
    let one = Container::serving("one", &["-p", "80"])?;
    let two = Container::serving("two", &["-p", "0:80", "-p", "127.0.0.1::80"])?;
    let mut all = Vec::new();
    for container in [&one, &two] {
        for line in succeeds(&["port", &container.name])?.lines() {
            let port: u16 = line.rsplit(':').next().unwrap_or_default().parse()?;
            ensure!(fetch(&format!("http://127.0.0.1:{port}/hostname"))? == container.id[..12], "{line}");
            all.push(port);
        }
    }
    all.sort_unstable();
    all.dedup();
    ensure!(all.len() == 3, "{all:?}");
    Ok(())
}

fn a_port_that_is_in_use_is_refused_before_anything_is_made() -> Result<()> {
    succeeds(&["run", "hostbox", "true"])?;
    let _listener = TcpListener::bind("0.0.0.0:8080")?;
    let before = crate::world::leases()?;
    let error = refused(&["run", "-p", "8080:80", "hostbox", "true"], 125)?;
    ensure!(error.contains("EADDRINUSE") && error.contains("cause: ") && error.contains("cure: "), "{error}");
    ensure!(!error.contains("likely"), "{error}");
    ensure!(crate::world::leases()? == before && succeeds(&["ps", "-q"])?.is_empty());
    Ok(())
}

/// A server that answers only when its caller has no more to say.
fn a_side_that_has_said_all_still_hears_the_answer() -> Result<()> {
    let flags = ["-p", "8080:80", "-v", &busybox_volume()?];
    let script = "exec busybox nc -ll -p 80 -e busybox wc -c";
    Container::start("counter", &flags, script)?.wait_for_listener(80)?;
    for length in [1, 100_000, 3_000_000] {
        let mut stream = TcpStream::connect("127.0.0.1:8080")?;
        stream.set_read_timeout(Some(testkit::patiently(Duration::from_secs(10))))?;
        stream.write_all(&vec![b'x'; length])?;
        stream.shutdown(Shutdown::Write)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).context("no answer after a half-close")?;
        ensure!(answer.trim() == length.to_string(), "{length}: {answer:?}");
    }
    Ok(())
}

fn many_callers_at_once_are_all_served() -> Result<()> {
    let web = Container::serving("web", &["-p", "8080:80"])?;
    let expected = format!("{}\n", &web.id[..12]);
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..20).map(|_| scope.spawn(|| get("127.0.0.1:8080", "/hostname"))).collect();
        callers.into_iter().try_for_each(|caller| {
            let page = caller.join().expect("no panic")?;
            ensure!(page.ends_with(&expected), "{page:?}");
            Ok(())
        })
    })
}

/// A container with a server, made by a shell that has set limits before.
fn serving_after(limits: &str) -> Result<Container> {
    let volume = busybox_volume()?;
    let create = ["create", "--name", "web", "-v", &volume, "-p", "8080:80", "hostbox"];
    let program =
        crate::world::program(&[create.as_slice(), &["busybox", "httpd", "-f", "-p", "80", "-h", "/etc"]].concat());
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &format!("{limits}; exec \"$@\""), "sh"]).arg(program.get_program()).args(program.get_args());
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(std::process::Stdio::null());
    let id = crate::world::prints(&mut shell)?;
    succeeds(&["start", "web"])?;
    let web = Container { name: "web".into(), id, pid: crate::world::pid_of("web")? };
    web.wait_for_listener(80)?;
    Ok(web)
}

fn a_proxy_that_may_open_few_files_lets_callers_wait() -> Result<()> {
    let web = serving_after("ulimit -n 64")?;
    // They say nothing, and keep their places.
    let mut idle = (0..20).map(|_| TcpStream::connect("127.0.0.1:8080")).collect::<std::io::Result<Vec<_>>>()?;
    let mut late = TcpStream::connect("127.0.0.1:8080")?;
    write!(late, "GET /hostname HTTP/1.0\r\n\r\n")?;
    late.set_read_timeout(Some(Duration::from_millis(500)))?;
    let error = late.read(&mut [0]).err().map(|error| error.kind());
    ensure!(error == Some(std::io::ErrorKind::WouldBlock), "there was room, or it was dropped: {error:?}");
    idle.truncate(5);
    late.set_read_timeout(Some(testkit::patiently(Duration::from_secs(20))))?;
    let mut page = String::new();
    late.read_to_string(&mut page)?;
    ensure!(page.ends_with(&format!("{}\n", &web.id[..12])), "{page:?}");
    // Those who have waited are served as well.
    for mut caller in idle {
        write!(caller, "GET /hostname HTTP/1.0\r\n\r\n")?;
        let mut page = String::new();
        caller.read_to_string(&mut page)?;
        ensure!(page.contains("200 OK"), "{page:?}");
    }
    Ok(())
}

fn a_proxy_may_open_as_many_files_as_the_hard_limit_says() -> Result<()> {
    let web = serving_after("ulimit -Sn 64; ulimit -Hn 512")?;
    let proxies = processes_with("port-proxy");
    let limits_of = |pid: i32| -> Result<String> {
        let limits = std::fs::read_to_string(format!("/proc/{pid}/limits"))?;
        let files = limits.lines().find(|line| line.starts_with("Max open files")).context("no limit")?;
        Ok(files.split_whitespace().skip(3).take(2).collect::<Vec<_>>().join(" "))
    };
    ensure!(limits_of(proxies[0])? == "512 512", "{}", limits_of(proxies[0])?);
    // It is the proxy's alone.
    ensure!(limits_of(web.pid)? == "64 512", "{}", limits_of(web.pid)?);
    Ok(())
}

fn get(address: &str, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    Ok(page)
}

fn a_port_for_one_address_is_for_no_other() -> Result<()> {
    let one = Container::serving("one", &["-p", "127.0.0.1:8080:80"])?;
    let two = Container::serving("two", &["-p", "127.0.0.2:8080:80"])?;
    ensure!(fetch("http://127.0.0.1:8080/hostname")? == one.id[..12]);
    ensure!(fetch("http://127.0.0.2:8080/hostname")? == two.id[..12]);
    ensure!(TcpStream::connect("127.0.0.3:8080").is_err());
    Ok(())
}

fn the_proxy_ends_with_its_container() -> Result<()> {
    let flags = ["-p", "8080:80"];
    Container::start("short", &flags, "sleep 0.5")?;
    let proxies = processes_with("port-proxy");
    ensure!(proxies.len() == 1, "there is no proxy: the test proves nothing");
    // The name that `ps` and `ss` show.
    let name = std::fs::read_to_string(format!("/proc/{}/comm", proxies[0]))?;
    ensure!(name.trim() == "ch05-network", "{name}");
    testkit::eventually("the proxy ends", || Ok(processes_with("port-proxy").is_empty()))?;
    testkit::eventually("the port is closed", || Ok(TcpStream::connect("127.0.0.1:8080").is_err()))
}

fn callers_from_elsewhere_are_seen_with_their_own_address() -> Result<()> {
    let outside = Outside::new()?;
    Container::serving("web", &["-p", "8080:80"])?;
    let said = outside.fetches("http://192.0.2.1:8080/cgi-bin/caller")?;
    ensure!(said.as_deref() == Some("192.0.2.2"), "{said:?}");
    Ok(())
}

fn the_machines_other_addresses_lead_there_without_the_proxy() -> Result<()> {
    let outside = Outside::new()?;
    let web = Container::serving("web", &["-p", "8080:80"])?;
    let proxy = processes_with("port-proxy");
    ensure!(proxy.len() == 1, "{proxy:?}");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(proxy[0]), nix::sys::signal::Signal::SIGKILL)?;
    testkit::eventually("the proxy is gone", || Ok(processes_with("port-proxy").is_empty()))?;
    ensure!(fetch("http://192.0.2.1:8080/hostname")? == web.id[..12]);
    ensure!(outside.fetches("http://192.0.2.1:8080/hostname")?.is_some());
    ensure!(TcpStream::connect("127.0.0.1:8080").is_err(), "somebody else answers: the test proves nothing");
    Ok(())
}

/// Also where the bridge itself shows packets to the rules (bridge-nf-call-iptables): then the
/// answer leaves by the port that the question came in by.
fn a_container_calls_itself_by_the_machines_port() -> Result<()> {
    let web = Container::serving("web", &["-p", "8080:80"])?;
    let said = web.fetches("http://172.30.0.1:8080/hostname")?;
    ensure!(said.as_deref() == Some(&web.id[..12]), "{said:?}");
    let said = web.fetches("http://172.30.0.1:8080/cgi-bin/caller")?;
    ensure!(said.as_deref() == Some("172.30.0.1"), "{said:?}");
    let mode = sh(&format!("cat /sys/class/net/veth{}/brport/hairpin_mode", &web.id[..8]));
    ensure!(mode.map_or(true, |mode| mode == "1"), "the port sends nothing back");
    Ok(())
}

fn another_container_calls_by_the_machines_port() -> Result<()> {
    let web = Container::serving("web", &["-p", "8080:80"])?;
    let other = Container::idle("other", &["-v", &busybox_volume()?])?;
    let said = other.fetches("http://172.30.0.1:8080/hostname")?;
    ensure!(said.as_deref() == Some(&web.id[..12]), "{said:?}");
    succeeds(&["network", "create", "far"])?;
    let far = Container::idle("far", &["--network", "far", "-v", &busybox_volume()?])?;
    let said = far.fetches("http://172.30.0.1:8080/hostname")?;
    ensure!(said.as_deref() == Some(&web.id[..12]), "a published port is for everybody: {said:?}");
    ensure!(tables()?.iter().any(|table| table.contains(&web.id[..12])));
    Ok(())
}

fn the_rules_end_with_the_container_though_nobody_removes_it() -> Result<()> {
    let short = Container::start("short", &["-p", "8080:80"], "sleep 0.5")?;
    let has_rules = || Ok(tables()?.iter().any(|table| table.contains(&short.id[..12])));
    ensure!(has_rules()?, "there are no rules: the test proves nothing");
    testkit::eventually("the rules go", || has_rules().map(|has| !has))?;
    ensure!(succeeds(&["ps", "-q"])?.lines().count() == 1, "somebody has removed it");
    // Another one may have the port now, and gets what is sent there.
    testkit::eventually("the port is free", || Ok(TcpListener::bind("0.0.0.0:8080").is_ok()))?;
    let web = Container::serving("web", &["-p", "8080:80"])?;
    ensure!(fetch("http://172.30.0.1:8080/hostname")? == web.id[..12]);
    Ok(())
}
