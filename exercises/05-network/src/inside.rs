//! A network namespace as it is seen from inside, by a process of the checker's: which interfaces,
//! addresses and routes it has, and whether a connection can be made from there.
//!
//! A namespace is entered by a process with one thread, which the checker isn't: it starts itself
//! again.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use std::{env, process};

use anyhow::{Context, Result, anyhow, bail};
use checker::{Blocked, Running};
use lab::observe;
use nix::sched::{CloneFlags, setns};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use serde_json::Value;

/// Tells this program that it is such a process.
const INSIDE: &str = "--inside";

/// How long a connection may take, where nothing is in its way but a busy machine.
const PATIENCE: Duration = Duration::from_secs(3);

/// A process's network namespace.
#[derive(Debug, Clone, Copy)]
pub struct Inside {
    /// Whose user namespace has power over it.
    lab: i32,
    pid: i32,
}

/// An interface, as `ip address` shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    pub index: i64,
    pub name: String,
    /// `bridge`, `veth`; empty for `lo`.
    pub kind: String,
    pub is_up: bool,
    /// The bridge whose port it is.
    pub master: Option<String>,
    /// With their prefixes.
    pub addresses: Vec<(Ipv4Addr, u8)>,
}

impl Inside {
    /// The lab's own.
    pub fn lab(running: &Running) -> Inside {
        Inside { lab: running.init(), pid: running.init() }
    }

    /// That of a process in the lab.
    pub fn process(running: &Running, pid: i32) -> Inside {
        Inside { lab: running.init(), pid }
    }

    /// All interfaces, sorted by name.
    pub fn interfaces(&self) -> Result<Vec<Interface>> {
        let mut all: Vec<Interface> = self.ip(&["-details", "address"])?.iter().map(Interface::parse).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    pub fn interface(&self, name: &str) -> Result<Option<Interface>> {
        Ok(self.interfaces()?.into_iter().find(|interface| interface.name == name))
    }

    /// The gateway and the interface of the default route.
    pub fn default_route(&self) -> Result<Option<(Ipv4Addr, String)>> {
        let text = |route: &Value, key: &str| route[key].as_str().unwrap_or_default().to_string();
        let routes = self.ip(&["-4", "route", "show", "default"])?;
        let route = routes.iter().find_map(|route| Some((text(route, "gateway").parse().ok()?, text(route, "dev"))));
        Ok(route)
    }

    fn ip(&self, words: &[&str]) -> Result<Vec<Value>> {
        let text = self.output(&[&["run", "ip", "-json"], words].concat())?;
        let value = serde_json::from_str(if text.trim().is_empty() { "[]" } else { &text });
        value.with_context(|| format!("reading what ip {} printed", words.join(" ")))
    }

    /// What `nft list` shows.
    pub fn nft(&self, words: &[&str]) -> Result<String> {
        self.output(&[&["run", "nft"], words].concat())
    }

    /// Connects, says `text`, has no more to say, and returns what the other side says until its
    /// end; or why not.
    pub fn ask(&self, address: SocketAddr, text: &str) -> Result<String, String> {
        self.output(&["ask", &address.to_string(), text]).map_err(|error| format!("{error:#}"))
    }

    /// Starts a server, which answers each caller with the caller's address and what it had to say.
    pub fn serve(&self, address: SocketAddr) -> Result<Server> {
        self.started(&["serve", &address.to_string()])
    }

    fn started(&self, words: &[&str]) -> Result<Server> {
        let mut child = self.command(words).stdout(Stdio::piped()).spawn()?;
        let mut said = BufReader::new(child.stdout.take().context("its stdout")?);
        let mut line = String::new();
        said.read_line(&mut line).context("waiting for a process of the checker's")?;
        if line.trim() != "ready" {
            let _ = child.kill();
            let _ = child.wait();
            bail!("the checker couldn't {}", words.join(" "));
        }
        Ok(Server { child, _said: said })
    }

    /// Connects, and says nothing until this is dropped.
    pub fn hold(&self, address: SocketAddr) -> Result<Server> {
        self.started(&["hold", &address.to_string()])
    }

    fn output(&self, words: &[&str]) -> Result<String> {
        let output = self.command(words).stderr(Stdio::piped()).output().context("starting the checker again")?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
        match output.status.code() {
            Some(0) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            Some(MISSING) => Err(Blocked(said).into()),
            _ => Err(anyhow!(said)),
        }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("/proc/self/exe");
        command.args([INSIDE, &self.lab.to_string(), &self.pid.to_string()]).args(words).stdin(Stdio::null());
        command
    }
}

/// A process of the checker's that serves or calls, until this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    _said: BufReader<ChildStdout>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Interface {
    fn parse(value: &Value) -> Interface {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
        let addresses = value["addr_info"].as_array().into_iter().flatten().filter_map(|address| {
            Some((address["local"].as_str()?.parse().ok()?, address["prefixlen"].as_u64()? as u8))
        });
        Interface {
            index: value["ifindex"].as_i64().unwrap_or_default(),
            name: text(&value["ifname"]),
            kind: text(&value["linkinfo"]["info_kind"]),
            is_up: value["flags"].as_array().is_some_and(|flags| flags.iter().any(|flag| flag == "UP")),
            master: value["master"].as_str().map(str::to_string),
            addresses: addresses.collect(),
        }
    }

    /// `eth0: up, 10.0.0.2/24`
    pub fn in_words(&self) -> String {
        let state = if self.is_up { "up" } else { "down" };
        let addresses = self.addresses.iter().map(|(address, prefix)| format!("{address}/{prefix}"));
        let addresses = addresses.collect::<Vec<_>>().join(", ");
        format!("{}: {state}, {}", self.name, if addresses.is_empty() { "no address" } else { &addresses })
    }
}

/// Exit code: a program isn't installed.
const MISSING: i32 = 42;

/// Does what the checker has started this program again for, if it has.
pub fn run_if_asked() {
    let words: Vec<String> = env::args().skip(1).collect();
    let [INSIDE, lab, pid, words @ ..] = &words.iter().map(String::as_str).collect::<Vec<_>>()[..] else { return };
    // Our maker's end is ours.
    let _ = set_pdeathsig(Signal::SIGKILL);
    if let Err(error) = enter(lab, pid).and_then(|()| act(words)) {
        fail(1, format!("{error:#}"));
    }
    process::exit(0)
}

fn fail(code: i32, why: impl Display) -> ! {
    eprintln!("{why}");
    process::exit(code)
}

fn enter(lab: &str, pid: &str) -> Result<()> {
    let number = |text: &str| text.parse::<i32>().context("a process number");
    let own = process::id() as i32;
    if observe::namespaces_differ(own, number(lab)?, "user")? {
        join(lab, "user", CloneFlags::CLONE_NEWUSER)?;
    }
    join(pid, "net", CloneFlags::CLONE_NEWNET)
}

fn join(pid: &str, kind: &str, flag: CloneFlags) -> Result<()> {
    let file =
        File::open(format!("/proc/{pid}/ns/{kind}")).with_context(|| format!("opening process {pid}'s {kind}"))?;
    setns(file, flag).with_context(|| format!("entering process {pid}'s {kind} namespace"))
}

fn act(words: &[&str]) -> Result<()> {
    match words {
        ["run", program, words @ ..] => {
            let error = Command::new(program).args(words).env("PATH", path()).exec();
            if error.kind() == io::ErrorKind::NotFound {
                fail(MISSING, missing(program));
            }
            Err(error).with_context(|| format!("starting {program}"))
        }
        ["ask", address, text] => ask(address.parse()?, text),
        ["hold", address] => {
            // Where nobody accepts any more that is seen by whoever comes next.
            let _connection = TcpStream::connect_timeout(&address.parse()?, PATIENCE);
            println!("ready");
            loop {
                std::thread::park();
            }
        }
        ["serve", address] => serve(address.parse()?),
        _ => bail!("nothing to do"),
    }
}

/// Programs for networks are root's on some distributions, and not in everybody's PATH.
fn path() -> String {
    format!("{}:/usr/sbin:/sbin", env::var("PATH").unwrap_or_default())
}

fn missing(program: &str) -> String {
    let package = if program == "nft" { "nftables" } else { "iproute2" };
    format!("needs the program {program}: apt install {package}")
}

fn ask(address: SocketAddr, text: &str) -> Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(text.as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    print!("{reply}");
    Ok(())
}

fn serve(address: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(address).with_context(|| format!("listening on {address}"))?;
    println!("ready");
    for stream in listener.incoming() {
        let mut stream = stream?;
        std::thread::spawn(move || {
            let mut text = String::new();
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.read_to_string(&mut text)?;
            let caller = stream.peer_addr()?.ip();
            stream.write_all(format!("{caller} {text}").as_bytes())
        });
    }
    Ok(())
}

/// `10.77.3.`: three bytes of a private network that no answer can know.
pub fn new_network() -> [u8; 3] {
    [10, checker::random::within(64..128) as u8, checker::random::within(1..255) as u8]
}

/// The machine in it.
pub fn machine([a, b, c]: [u8; 3], number: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, number)
}

/// A port of a machine.
pub fn port(address: Ipv4Addr, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(address), port)
}

/// Whether this kernel shows bridged frames to rules for packets in a namespace.
pub fn has_bridge_netfilter() -> bool {
    fs::metadata("/proc/sys/net/bridge/bridge-nf-call-iptables").is_ok()
}
