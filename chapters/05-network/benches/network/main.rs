//! How long a container takes on each kind of network, what a hundred of them leave, and how much
//! goes through a published port.
//!
//! `cargo bench -p ch05-network`. As root, the bench runs itself in a network namespace of its own,
//! so that the machine's network stays as it is.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use floor::Times;
use nix::unistd::geteuid;

/// Says that the bench is in its own namespace already, or is to be the server of one.
const ROLE: &str = "CORACLE_BENCH_ROLE";

fn main() -> Result<()> {
    match std::env::var(ROLE).as_deref() {
        Ok("sink") => return sink(),
        Err(_) if geteuid().is_root() => {
            let mut unshare = Command::new("unshare");
            unshare.args(["--net", "--mount", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]);
            let own = std::env::current_exe()?;
            bail!(unshare.arg(own).args(std::env::args_os().skip(1)).env(ROLE, "bench").exec());
        }
        _ => {}
    }
    let store = floor::store()?;
    let program = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ch05-network"));
        command.arg("--root").arg(store.path()).args(args).stdin(Stdio::null()).stdout(Stdio::null());
        command
    };
    let measured = starts(&program).and_then(|()| many(&program, store.path())).and_then(|()| throughput(&program));
    // The one that stayed, so that bridge and holder were there; and the server, if it came to that.
    let left = program(&["ps", "--quiet"]).stdout(Stdio::piped()).output()?;
    let left = String::from_utf8(left.stdout)?;
    let removed =
        program(&[&["rm", "-f"], left.split_whitespace().collect::<Vec<_>>().as_slice()].concat()).status()?;
    ensure!(removed.success(), "containers are left: {left}");
    measured
}

fn starts(program: &dyn Fn(&[&str]) -> Command) -> Result<()> {
    let kinds: [(&str, &[&str]); 3] = [
        ("none", &["--network", "none"]),
        ("bridge", &["--network", "bridge"]),
        ("bridge, one published port", &["-p", "127.0.0.1:0:80"]),
    ];
    let run = |flags: &[&str]| program(&[&["run"], floor::ids(), flags, &["hostbox", "true"]].concat());
    // One that stays, so that bridge and holder are there.
    ensure!(program(&["create", "--name", "stays", "hostbox", "sleep", "1000"]).status()?.success());
    let mut times = [Times::default(), Times::default(), Times::default()];
    for _ in 0..floor::rounds() {
        for ((_, flags), times) in kinds.iter().zip(&mut times) {
            times.add(&mut run(flags))?;
        }
    }
    println!("start to removal of true in hostbox, user {}, {} rounds, medians", geteuid(), floor::rounds());
    for ((kind, _), time) in kinds.iter().zip(&times) {
        println!("  {kind:<28}{:>8.2} ms   ratio to none {:.2}", time.median(), time.ratio_to(&times[0]));
    }
    Ok(())
}

/// One after the other: what is left, and whether the later ones are slower.
fn many(program: &dyn Fn(&[&str]) -> Command, store: &std::path::Path) -> Result<()> {
    let count = if floor::rounds() > 3 { 100 } else { 4 };
    let left = || -> Result<[usize; 3]> {
        let lines = |file: &str| std::fs::read_to_string(file).map_or(0, |text| text.lines().count());
        let leases = std::fs::read_dir(store.join("network/leases/bridge"))?.count();
        Ok([lines("/proc/self/net/dev"), leases, std::fs::read_dir(store)?.count()])
    };
    let before = left()?;
    let mut halves = [Times::default(), Times::default()];
    for number in 0..count {
        let half = &mut halves[usize::from(number >= count / 2)];
        half.add(&mut program(&["run", "-p", "127.0.0.1:0:80", "hostbox", "true"]))?;
    }
    let after = left()?;
    ensure!(before == after, "interfaces, leases and states before and after: {before:?}, {after:?}");
    println!(
        "{count} up and down: nothing is left; the second half {:.2} of the first",
        halves[1].ratio_to(&halves[0])
    );
    Ok(())
}

/// Reads all that is sent to port 9 until the other side ends, and answers with a byte.
fn sink() -> Result<()> {
    for stream in TcpListener::bind("0.0.0.0:9")?.incoming() {
        let mut stream = stream?;
        let mut buffer = vec![0; 256 * 1024];
        while stream.read(&mut buffer)? > 0 {}
        stream.write_all(b"!")?;
    }
    Ok(())
}

/// A process that is ended with us.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// From this namespace to a container: by its own address (a plain veth), by the rules, by the
/// proxy. Root only, who has a bridge here.
fn throughput(program: &dyn Fn(&[&str]) -> Command) -> Result<()> {
    if !geteuid().is_root() {
        println!("throughput: only root's bridges can be reached from here");
        return Ok(());
    }
    let megabytes = if floor::rounds() > 3 { 2000 } else { 20 };
    Command::new("ip").args(["address", "add", "192.0.2.1/32", "dev", "lo"]).status()?;
    let create = ["create", "--name", "sink", "-p", "9009:9", "hostbox", "sleep", "1000"];
    ensure!(program(&create).status()?.success() && program(&["start", "sink"]).status()?.success());
    let list = program(&["ps", "--format", "json"]).stdout(Stdio::piped()).output()?;
    let list: serde_json::Value = serde_json::from_slice(&list.stdout)?;
    let all = list.as_array().context("no array")?;
    let pid = all.iter().find(|one| one["name"] == "sink").and_then(|one| one["pid"].as_i64()).context("no pid")?;
    let mut server = Command::new("nsenter");
    server.arg(format!("--net=/proc/{pid}/ns/net")).arg(std::env::current_exe()?).env(ROLE, "sink");
    let _server = Ended(server.spawn()?);
    let inspect = program(&["network", "inspect", "bridge"]).stdout(Stdio::piped()).output()?;
    let inspect: serde_json::Value = serde_json::from_slice(&inspect.stdout)?;
    let on_it = inspect[0]["containers"].as_object().context("no containers")?;
    let address = on_it.values().find(|one| one["name"] == "sink").and_then(|one| one["address"].as_str());
    let veth = format!("{}:9", address.context("no address")?);
    let ways = [("a plain veth", veth.as_str()), ("NAT", "192.0.2.1:9009"), ("the proxy", "127.0.0.1:9009")];
    let mut best = [f64::MAX; 3];
    for _ in 0..if floor::rounds() > 3 { 5 } else { 1 } {
        for ((_, to), best) in ways.iter().zip(&mut best) {
            *best = best.min(send(to, megabytes)?);
        }
    }
    println!("TCP from the machine to a container, {megabytes} MB, the best of 5");
    for ((way, _), seconds) in ways.iter().zip(best) {
        let rate = megabytes as f64 / seconds / 1000.0;
        println!("  {way:<14}{rate:>7.2} GB/s   ratio {:.2}", best[0] / seconds);
    }
    Ok(())
}

/// In seconds.
fn send(to: &str, megabytes: usize) -> Result<f64> {
    let address: SocketAddr = to.parse()?;
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut stream = loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(error) if Instant::now() >= deadline => return Err(error).context(to.to_string()),
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let megabyte = vec![b'x'; 1_000_000];
    let begun = Instant::now();
    for _ in 0..megabytes {
        stream.write_all(&megabyte)?;
    }
    stream.shutdown(std::net::Shutdown::Write)?;
    ensure!(stream.read(&mut [0])? == 1, "{to}: no answer");
    Ok(begun.elapsed().as_secs_f64())
}
