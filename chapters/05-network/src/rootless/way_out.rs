//! The way out of a user's network namespace: a program that speaks TCP/IP in user space, where one
//! is installed. It shows itself inside as the interface `tap0`, and makes ordinary connections of
//! the machine's for what comes there.

use std::env;
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use ch01_namespaces::helper::{Helper, Work, serve};
use ch01_namespaces::{Life, RecordedProcess, StoreFlags, Undo, report};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};

use crate::firewall;
use crate::netlink::Netlink;
use crate::network::Networks;

const INTERFACE: &str = "tap0";

/// How long it may take to show itself inside.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which process it is, in the networks' state directory.
const FILE: &str = "way-out.json";

/// The programs that there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    /// slirp4netns(1).
    Slirp4netns,
    /// pasta(1), of passt.
    Pasta,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Program::Slirp4netns => "slirp4netns",
            Program::Pasta => "pasta",
        }
    }

    /// What is installed.
    fn available() -> Option<Program> {
        let path = env::var_os("PATH")?;
        let is_there = |program: &Program| env::split_paths(&path).any(|dir| dir.join(program.name()).is_file());
        [Program::Slirp4netns, Program::Pasta].into_iter().find(is_there)
    }

    /// For the network namespace of a process. Neither lets containers connect to what listens on the
    /// machine's own loopback address.
    fn command(self, holder: i32, ends: &OwnedFd) -> Command {
        let mut command = Command::new(self.name());
        match self {
            Program::Slirp4netns => command
                .args(["--configure", "--mtu=65520", "--disable-host-loopback"])
                .arg(format!("--exit-fd={}", ends.as_raw_fd()))
                .args([&holder.to_string(), INTERFACE]),
            Program::Pasta => command
                .args(["--foreground", "--config-net", "--quiet", "--no-map-gw", "--ns-ifname", INTERFACE])
                .args(["--tcp-ports", "none", "--udp-ports", "none", "--tcp-ns", "none", "--udp-ns", "none"])
                .arg(holder.to_string()),
        };
        command
    }
}

// ANCHOR: start
/// Starts it for a holder's network namespace. `ends` is the end of a pipe whose other end the
/// holder has. Where it isn't possible one line says so, unless this machine has no way out
/// itself.
pub fn start(flags: &StoreFlags, networks: &Networks, holder: &RecordedProcess, ends: OwnedFd) -> Result<()> {
    if !Netlink::open()?.has_default_route()? {
        return Ok(());
    }
    if let Err(error) = try_to_start(flags, networks, holder, ends) {
        end(networks)?;
        report(&error.context("containers on your networks reach each other, but nothing outside"));
    }
    Ok(())
}

/// One that was killed is started anew, for all networks that the holder keeps, and a line says so.
/// Connections through the one before are lost.
pub fn start_again_if_killed(flags: &StoreFlags, networks: &Networks, holder: &RecordedProcess) -> Result<()> {
    let Some(was) = read(&file(networks)).filter(|was| was.life() == Life::Gone) else { return Ok(()) };
    report(&anyhow!(
        "the way out of your networks is started again\ncause: its process ({}) has ended: connections to other \
         machines are lost",
        was.pid
    ));
    end(networks)?;
    start(flags, networks, holder, end_that_the_holder_has(holder.pid)?)
}

/// Opens the pipe that ends the way out with the holder once more. It is the only pipe that the
/// holder has: proc_pid_fd(5).
fn end_that_the_holder_has(holder: i32) -> Result<OwnedFd> {
    let fds = format!("/proc/{holder}/fd");
    let is_pipe = |path: &PathBuf| fs::read_link(path).is_ok_and(|to| to.to_string_lossy().starts_with("pipe:"));
    let mut paths = fs::read_dir(&fds).with_context(|| format!("cannot read {fds}"))?.flatten().map(|fd| fd.path());
    let pipe = paths.find(is_pipe).context("the holder of your networks has lost its pipe")?;
    Ok(fs::File::open(&pipe).with_context(|| format!("cannot open {}", pipe.display()))?.into())
}

fn try_to_start(flags: &StoreFlags, networks: &Networks, holder: &RecordedProcess, ends: OwnedFd) -> Result<()> {
    let Some(program) = Program::available() else {
        bail!("cause: neither slirp4netns nor pasta is installed\ncure: apt install slirp4netns; or passt");
    };
    if !firewall::is_available() {
        bail!(
            "cause: nft is missing, which is needed to forward packets to {}\ncure: apt install nftables",
            program.name()
        );
    }
    let role = ["network-way-out".into(), holder.pid.to_string().into()];
    let helper =
        Helper { role: flags.as_args().into_iter().chain(role).collect(), fds: vec![ends], ..Helper::default() };
    let file = file(networks);
    let started = helper.start::<()>(|process| {
        fs::write(&file, serde_json::to_vec(process)?).with_context(|| format!("cannot write {}", file.display()))
    })?;
    let end = Instant::now() + PATIENCE;
    while !is_ready(holder.pid) {
        if Instant::now() >= end || started.process.life() != Life::Alive {
            bail!("cause: {0} failed\ncure: see what it says: {0} {1} {INTERFACE}", program.name(), holder.pid);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}
// ANCHOR_END: start

/// The helper's role: it becomes the program, which keeps its number and start time.
pub fn run(holder: i32) -> Result<u8> {
    serve(move |given| {
        let ends = given.into_iter().next().context("internal error: no pipe was passed")?;
        fcntl(&ends, FcntlArg::F_SETFD(FdFlag::empty())).context("fcntl")?;
        let program = Program::available().context("neither slirp4netns nor pasta is installed")?;
        let work: Work = Box::new(move || Err(anyhow!(program.command(holder, &ends).exec())));
        Ok(((), Vec::new(), work))
    })
}

/// Whether there is a default route by the interface: the last thing that the programs make. A line
/// of /proc/PID/net/route begins with interface and destination: proc_pid_net(5).
fn is_ready(pid: i32) -> bool {
    let routes = fs::read_to_string(format!("/proc/{pid}/net/route")).unwrap_or_default();
    routes.lines().any(|line| line.split_whitespace().take(2).eq([INTERFACE, "00000000"]))
}

/// Ends it, and waits for its end.
pub fn end(networks: &Networks) -> Result<()> {
    let file = file(networks);
    if let Some(process) = read(&file) {
        Undo::EndProcess(process).run()?;
    }
    Undo::RemoveFile(file).run()
}

/// Whether there is one.
pub fn is_there(networks: &Networks) -> bool {
    read(&file(networks)).is_some_and(|process| process.life() == Life::Alive)
}

fn file(networks: &Networks) -> PathBuf {
    networks.state().join(FILE)
}

fn read(file: &Path) -> Option<RecordedProcess> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}
